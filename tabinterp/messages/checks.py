"""What each check is called, measures, cannot see, when it is raised, and what to do next: `check.SLUG.ASPECT`."""

from __future__ import annotations

ASPECTS = ("title", "measures", "blind", "threshold", "next")
EXPLAINED: dict[str, tuple[str, str, str, str, str]] = {
    "worse-than-linear": (
        "The network predicts worse than its linear counterpart",
        "the paired difference of the loss on held-out rows",
        "Whether another network would do better, and what a tie costs in clarity.",
        (
            "The verdict is worse: the 95% interval excludes zero and reaches past the margin. Action is required where the "
            "whole interval lies past the margin; otherwise the size is unclear, and a review is enough."
        ),
        "Use the linear model, or train the network again with more data, another size or less training.",
    ),
    "trees-win": (
        "Boosted trees predict better",
        "the paired difference in held-out loss between the network and boosted trees that were fitted to the same training rows",
        "What the trees found that the network did not, and whether tuned trees would do better still.",
        "The whole 95% interval of the difference lies past the verdict's margin.",
        (
            "Look for thresholds and interactions that the network misses. Train it again with another size or for longer, or "
            "state why the trees are not used."
        ),
    ),
    "secretly-linear": (
        "The network is linear",
        "the share of the variance of its score that a linear function of the columns explains",
        "Bends where there are no rows.",
        "R² of {r2} or more, for every class.",
        "Use the linear model: it does the same, and its coefficients have intervals.",
    ),
    "no-signal": (
        "The network is not shown to know anything",
        "performance on held-out rows: AUC of two classes, R² of numbers, log loss of several classes against that of always "
        "predicting the class shares, loss of counts against that of the mean",
        "How much there is to be known: look at the linear model and at single columns.",
        (
            "The 95% interval includes chance (of several classes and of counts: the difference in loss includes zero); or R² is "
            "below {r2}; or an AUC below {auc} comes with a log loss not shown to beat the base rate. In each case the interval "
            "must end below what would be useful: an AUC of {useful}, an R² of {share}, or a loss {percent}% below that of "
            "knowing nothing. Otherwise the rows are too few to tell."
        ),
        "Check that rows and labels belong together and that the split is right; then train again.",
    ),
    "miscalibrated": (
        "The network is miscalibrated",
        "recalibration slope, calibration in the large (the intercept with the slope fixed at 1), a joint test of both, and a "
        "smooth curve, on held-out rows",
        "Wrong probabilities in single groups; a curve needs 200 events and 200 other rows.",
        (
            "A joint p below {p}, corrected for the number of classes, and the whole 95% interval of the slope below {low} or "
            "above {high}, or that of calibration in the large beyond {intercept} log-odds; or a smooth curve {bend} away from "
            "the prediction with p below {bend_p}."
        ),
        "Recalibrate on rows that were not trained on, and look whether class weights or resampling made it.",
    ),
    "classes-swapped": (
        "Classes are swapped",
        "the AUC of two classes, and for several classes whether another order of the predicted classes is right more often "
        "(chosen on half of the held-out rows, tested on the other half)",
        "A wrong order of classes that the network seldom predicts.",
        "An AUC below 0.5 at 99% confidence, or another order that is right more often (one-sided p below 0.01).",
        "Check the order of the classes and of the network's outputs, and which class is the positive one; then audit again.",
    ),
    "sign-conflict": (
        "Opposite directions",
        "the average derivative of the network beside the coefficient of the linear model, term by term",
        "A direction that changes from row to row, whose average hides it.",
        "Both intervals exclude zero after correction, on different sides, and counterpart and surrogate bear it out.",
        "Look at the effect curve of the term; check that the column has the same meaning and sign in both models.",
    ),
    "methods-disagree": (
        "Attributions disagree on what matters",
        (
            "rank correlations between attributions of the network's score (integrated gradients, expected gradients, Shapley "
            "values), compared with what sampling error alone gives"
        ),
        (
            "Which of the attributions is right. Readings of another quantity, such as permutation importance (of the loss) and "
            "saliency (a slope), are not compared."
        ),
        (
            "A rank correlation below {rank}, over all columns and over the pairs of columns that both order significantly; with "
            "many columns, of attributions that also share at most {percent}% of the first five."
        ),
        "Do not rest on one ranking. Look at correlated columns and at saturation, which move attributions apart.",
    ),
    "unused-column": (
        "Columns the network does not use",
        "permutation importance, and which columns the encoder passes on",
        "Columns that are used and hardly matter.",
        "The importance is exactly zero, or the network does not read the column.",
        "Leave the column out; if it should matter, check the encoder.",
    ),
    "unstable-ranking": (
        "The ranking is inside its own noise",
        "whether the sampling error of Shapley values lets the next column take a place",
        "How the ranking would change with other rows, another background or another training.",
        "{tied} of the first {top} places.",
        "Name the columns together instead of in order, or take more rows.",
    ),
    "interaction-only": (
        "Columns that matter only together",
        "strong pairs of the network whose columns have no coefficient and no power alone",
        "Pairs below the strongest ones that were read, and three columns together.",
        (
            "A pair with {percent}% of the score's variance or more; Wald p above {p} after correction, AUC below "
            "{auc} or R² below {r2}."
        ),
        "Look at the pair in the section on interactions; a linear model needs their product as a column.",
    ),
    "suppressor": (
        "A column that works only beside others",
        "correlation with the target beside the z of the coefficient",
        "Suppression in columns of levels and between several classes.",
        "|z| of {z} or more, correlation below {r} and p above {p}.",
        "Do not read its coefficient as an effect: it corrects another column. Find which, by leaving columns out in turn.",
    ),
    "extrapolates": (
        "The score runs away beyond the data",
        "the change of the score when a number goes one range beyond the rows, in ranges of the score",
        "Combinations of columns that are rare, each within its range.",
        "The 95% interval lies above {ranges} ranges.",
        "Refuse rows outside the range, or bound the column before the network.",
    ),
    "off-support-behaviour": (
        "Another rule off the data",
        "how well the score on real rows can be learnt from perturbed rows, against from real ones",
        "A second rule that agrees with the first on most rows, one that trees cannot learn, and any in a table whose columns "
        "hardly go together: there a perturbed row is as good as a real one.",
        "The 95% interval of the difference of R² lies above {share} of the R² learnt from real rows.",
        "Do not trust readings that perturb rows; ask who made the model, and read it by swaps between real rows.",
    ),
    "not-converged": (
        "Training stopped early",
        "whether the model says that it reached its limit of iterations",
        "Models that do not say, and training that converged to something bad.",
        "The model says so.",
        "Train for longer, and audit again.",
    ),
    "saturated": (
        "The network is saturated",
        "the median of p(1-p), relative to base rate times one minus base rate",
        "Saturation inside the network.",
        "Below {share} of what the base rate gives.",
        "Read gradients of log-odds only; check calibration, and train with more regularisation.",
    ),
    "dead-units": (
        "Units that never change",
        "the standard deviation of each hidden unit over the rows",
        "Units that say the same as others.",
        "It is zero.",
        "A smaller network will do; look at the learning rate if many are dead.",
    ),
    "redundant-units": (
        "Units that say what others say",
        "whether a hidden unit is, over the rows, a linear function of other units of its layer",
        "Units that say nearly the same.",
        "Another unit up to scale and shift, or a linear function of several.",
        "A smaller network will do; do not read such a unit alone.",
    ),
    "penalised-inference": (
        "The given counterpart is penalised",
        "whether the counterpart that was given has a penalty",
        "Other ways in which its fit is not what its standard errors suppose.",
        "It was given, and is penalised.",
        "Use the intervals of the unpenalised fit, which stand in the report.",
    ),
    "unsafe-model-file": (
        "Code of a model file was run",
        "how the model files were loaded",
        "What that code did.",
        "A file was loaded by running code inside it.",
        "Convert the model to a bundle, in a place where nothing can be lost, and audit the bundle.",
    ),
    "constant-column": (
        "Columns of one value",
        "the number of distinct values",
        "Columns that are almost constant.",
        "One value, or none.",
        "Leave the column out.",
    ),
    "label-leak": (
        "A column holds the answer",
        "how well one column alone tells the target, on held-out rows where there are any",
        "An answer spread over several columns, and one that a column gives in a few rows only.",
        "The 95% interval lies above an AUC of {auc}, or R² of {r2}.",
        "Find out when the column is filled in; if after the outcome, leave it out and train again.",
    ),
    "near-leak": (
        "A column nearly holds the answer",
        "how well one column alone tells the target, on held-out rows where there are any",
        "Honest columns may be this strong: only who knows the table can tell.",
        "The 95% interval lies above an AUC of {auc}, or R² of {r2}, and it is no label-leak.",
        "Find out when and from what the column is made.",
    ),
    "row-identifier": (
        "A column names the row",
        "whether nearly every row has its own level or whole number, in order, filling a range, or each once",
        "Identifiers with decimals, and those that many rows share.",
        "95% distinct values, and one of the three.",
        "Leave the column out: it can only be memorised. If it stands for time, make it a date and split by it.",
    ),
    "shortcut": (
        "A column that worked in training only",
        "how well one column alone tells the target, cross-fitted in training, less on held-out rows",
        "Shortcuts that hold on the held-out rows too, and those of several columns together.",
        "A fall of {fall} or more (AUC or R²), whose 95% interval lies above {sure}, with q below {q} (Benjamini-Hochberg over "
        "all columns). AUCs need 20 events of each class in training and 20 held out.",
        "Find out how the column came about in the training rows; leave it out and train again.",
    ),
    "duplicate-columns": (
        "Columns that tell the same",
        "whether one column is a recoding of another, or a number on one line with it",
        "Columns that are nearly alike, or alike in combination: see the variance inflation factors.",
        "One-to-one values, or a correlation of 0.9999.",
        "Keep one of them: importance is shared between copies, and each looks weaker than it is.",
    ),
    "train-test-shift": (
        "Held-out rows are unlike training rows",
        "the population stability index of each column, and whether trees can tell both parts apart",
        "A change of what the columns mean for the target: see shortcut.",
        "An index of {psi} with a corrected p below {q}, or an AUC of {auc} that differs from one half with p below {q}.",
        (
            "If the split is by time or place this may be right: report it beside every number. If it was random, "
            "find the fault."
        ),
    ),
    "groups-split": (
        "Groups stand on both sides of the split",
        "groups of the group column (such as persons) that have training rows and held-out rows",
        "Rows that belong together and that the group column does not name, such as the members of a household.",
        "One group with rows on both sides.",
        (
            "Split by groups: give a share as the split together with the group column, or a column of train/test labels in "
            "which "
            "all rows of a group have one label; train again, and audit again."
        ),
    ),
    "row-overlap": (
        "Held-out rows are copies of training rows",
        "equal rows across the split, in every column but those that number the rows, against equal rows within training",
        "Rows that are nearly equal, and relatives such as several rows of one person: give the table a group column.",
        (
            "{rows} held-out rows at least; a share of the held-out rows that is {percent} percentage points above the share of "
            "training rows that equal another training row, significantly so (p below 0.01)."
        ),
        "Remove the copies before splitting, and audit again.",
    ),
    "sentinel-value": (
        "A code for missing is read as a number",
        "values such as 999 or -1 that many rows hold and that lie apart from the others",
        "Codes that look like honest values, such as 0.",
        (
            "Ten rows and 0.2% of them; outside the others by half their range (any value: by all of it), or a heap "
            "of ten times the rows beside."
        ),
        "Ask what the value means; make it missing, with an indicator.",
    ),
    "target-capped": (
        "The target is cut off",
        "rows exactly at the least or greatest value of the target, beside those next to it",
        "A target that was cut off and then spread out again.",
        "{percent}% of the rows, and {times} times as many as hold the values beside.",
        "Errors at the cap are not errors of the model: leave these rows out, or model the target as censored.",
    ),
    "unseen-level": (
        "Levels that training never saw",
        "held-out rows whose level no training row has",
        "Levels that will come later.",
        "{rows} held-out rows of one column.",
        "Look at how the encoder treats unknown levels; the network's answer for them is an accident of it.",
    ),
    "rare-level": (
        "Levels of very few rows",
        "training rows of each level",
        "Rare combinations of frequent levels.",
        "A level of fewer than {rows} training rows.",
        "Put rare levels together before training; nothing that is said of them rests on data.",
    ),
    "disparate-impact": (
        "A group is selected far less often than another",
        (
            "the share selected in a group over that in another one of the same protected column or pair of columns, the smaller "
            "over the larger; where a share is withheld because a count is small, the audit judged the real counts"
        ),
        (
            "Whether the difference is warranted, groups of fewer than 30 rows or ten sampling units, and groups that nobody "
            "declared. Withheld groups are judged at four fifths, and not where the answer would disclose a small count."
        ),
        "The interval of a ratio, corrected for all pairs of groups by Holm's method, below {ratio}.",
        (
            "Jurisdiction-dependent: four fifths is a rule of thumb of employment guidelines, and no more than a place to start. "
            "Ask which columns carry it and whether a model without them does as well."
        ),
    ),
    "proxy": (
        "A column stands in for a protected one",
        "how well each input column tells a protected column that is no input, and the gap between its groups without it",
        "Proxies made of several columns, and what a linear probe of parts and levels cannot tell.",
        "AUC of {auc} or R² of {r2} whose interval lies above, and a gap that shrinks when the column is permuted.",
        "Ask what the column is for; compare a network without it, in loss and in the gap.",
    ),
    "weak-subgroup": (
        "The network fails in a group of rows",
        (
            "the loss in groups of one column or two above the group's own noise: above what the network's own probabilities "
            "imply, or above the loss of boosted trees there; found on one half of the rows, tested on the other, all groups "
            "corrected together"
        ),
        (
            "Groups of three columns or more, of fewer than fifty rows or of few events, and of columns that are not in the "
            "table. A group whose outcomes are only hard to predict is no failure."
        ),
        (
            "The whole corrected interval of the loss above the network's own probabilities exceeds {excess}% of what knowing "
            "nothing costs, or that above the loss of boosted trees exceeds {beyond}% of it."
        ),
        "Look at labels and columns of these rows; train on more of them, or do not use the network there.",
    ),
    "reason-codes-unstable": (
        "Reasons for declined rows change with the way they are found",
        "how often another seed of the estimator changes a list of reasons, and how far the lists from two references agree",
        "Whether the reasons are the right ones, and how they would change with another training.",
        "{percent}% of lists changed by the seed, or a Jaccard index of {jaccard} between references; by whole intervals.",
        "Take more draws; settle on one reference and say which; do not disclose the order of reasons that are tied.",
    ),
    "constraint-violated": (
        "A declared constraint is not kept",
        "the sign of the score's change along a declared column, row by row and on its effect curve, and values out "
        "of its domain",
        "Directions that nobody declared, and rows unlike those of the table.",
        "{percent}% of the rows against the direction, or a fall of the curve, by whole intervals; or any value outside.",
        "Train with the constraint, or correct the declaration; a value outside its domain is an error of the data.",
    ),
}
CHECKS: dict[str, str] = {
    f"check.{slug}.{aspect}": sentence
    for slug, sentences in EXPLAINED.items()
    for aspect, sentence in zip(ASPECTS, sentences, strict=True)
}
