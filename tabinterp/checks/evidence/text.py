"""Sentences about evidence for clauses, and headings of the author's own text."""

from __future__ import annotations

TEXT: dict[str, str] = {
    # what the mapping that is shipped calls instruments, and the words in its versions and clauses
    "instrument.US model risk guidance": "US model risk guidance",
    "instrument.PRA model risk management": "PRA model risk management",
    "instrument.NIST AI Risk Management Framework": "NIST AI Risk Management Framework",
    "instrument.AI Verify testing framework": "AI Verify testing framework",
    "instrument.Colorado, automated decisions": "Colorado, automated decisions",
    "instrument.Fair Credit Reporting Act": "Fair Credit Reporting Act",
    "instrument.New York City, automated employment decisions": "New York City, automated employment decisions",
    "instrument.version.Regulation (EU) 2024/1689, amended by (EU) 2026/1744": (
        "Regulation (EU) 2024/1689, amended by (EU) 2026/1744"
    ),
    "instrument.version.SR 26-2, OCC Bulletin 2026-13, FDIC FIL-15-2026 (replaces SR 11-7; not binding)": (
        "SR 26-2, OCC Bulletin 2026-13, FDIC FIL-15-2026 (replaces SR 11-7; not binding)"
    ),
    "instrument.version.as of 2026-11": "as of 2026-11",
    "instrument.version.SB 26-189, 6-1-1702 (replaces the act of 2024)": "SB 26-189, 6-1-1702 (replaces the act of 2024)",
    "instrument.version.12 CFR 1002.9 and Supplement I, as amended with effect from 2026-07-21": (
        "12 CFR 1002.9 and Supplement I, as amended with effect from 2026-07-21"
    ),
    "instrument.version.sections 615(a), 609(f)": "sections 615(a), 609(f)",
    "instrument.version.Regulation (EU) 2016/679; CJEU C-203/22": "Regulation (EU) 2016/679; CJEU C-203/22",
    "instrument.clause.A.7.4 to A.7.6": "A.7.4 to A.7.6",
    "instrument.clause.1002.9(b)(2), comments -1, -2, -4, -5": "1002.9(b)(2), comments -1, -2, -4, -5",
    "instrument.clause.Art. 86 (as input)": "Art. 86 (as input)",
    "instrument.clause.V (performance thresholds)": "V (performance thresholds)",
    "report.section.use": "Intended use and limits",
    "report.section.evidence": "Evidence for clauses",
    "report.use.lead": "In the words of whoever is responsible for the model. tabinterp has checked none of it.",
    "report.use.intended_use": "Intended use",
    "report.use.out_of_scope": "Not to be used for",
    "report.use.population": "Population",
    "report.use.limits": "Limits",
    "report.use.ethics": "Ethical considerations",
    "report.use.developer": "Developed by",
    "report.use.licence": "Licence",
    "report.use.reviewer": "Reviewer",
    "report.use.role": "Reviewer's role",
    "report.use.none": "not supplied",
    "report.evidence.lead": (
        "Which clauses this document holds something for. Supplied: every field that the mapping names is here; partial: some "
        "are. Whether that is enough for a clause is for its reader to decide: a report supports a decision and makes none."
    ),
    "report.evidence.count": "Evidence supplied for {supplied} of {clauses} clauses, partial for {partial}, none for {none}.",
    "report.evidence.marks": (
        "Each clause carries how it was verified: P in its own text or a verbatim quotation, S in secondary sources, M from "
        "memory. Check the wording before you rely on it."
    ),
    "report.evidence.table": "Evidence by clause",
    "report.evidence.instrument": "Instrument",
    "report.evidence.clause": "Clause",
    "report.evidence.applies": "Applies from",
    "report.evidence.mark": "Verified",
    "report.evidence.status": "Evidence",
    "report.evidence.missing": "Not in this document",
    "report.evidence.versions": "Versions of the instruments",
    "report.evidence.supplied": "supplied",
    "report.evidence.partial": "partial",
    "report.evidence.not_supplied": "not supplied",
    "report.evidence.outside": "Outside of what such a report can show",
    "report.evidence.outside.governance": (
        "Governance, tiers of materiality, the independence of effective challenge, monitoring in use (SR 26-2)."
    ),
    "report.evidence.outside.system": (
        "Risk management, logs of the system, quality management, impact and conformity assessments, registration of incidents "
        "and cybersecurity (AI Act, Articles 9, 12, 15(5), 17, 27, 43, 47, 72)."
    ),
    "report.evidence.outside.notice": "The notice of adverse action itself, and whether it is adequate in law (Regulation B).",
    "report.evidence.outside.person": "Lawful basis, human intervention, and the way to contest a decision (GDPR).",
    "report.evidence.outside.manage": "The functions GOVERN and MANAGE (NIST), and certification (ISO).",
}
