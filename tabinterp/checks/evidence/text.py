"""Sentences about evidence for clauses, and headings for the statements by the person responsible for the model."""

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
    "instrument.version.SB 26-189, 6-1-1702 (replaces the act of 2024)": (
        "SB 26-189, C.R.S. 6-1-1702 (replaces the 2024 act, SB 24-205)"
    ),
    "instrument.version.12 CFR 1002.9 and Supplement I, as amended with effect from 2026-07-21": (
        "12 CFR 1002.9 and Supplement I, as amended with effect from 2026-07-21"
    ),
    "instrument.version.sections 615(a), 609(f)": "sections 615(a), 609(f)",
    "instrument.version.Regulation (EU) 2016/679; CJEU C-203/22": "Regulation (EU) 2016/679; CJEU C-203/22",
    "instrument.clause.A.7.4 to A.7.6": "A.7.4 to A.7.6",
    "instrument.clause.1002.9(b)(2), comments -1, -2, -4, -5": "1002.9(b)(2), comments -1, -2, -4, -5",
    "instrument.clause.Art. 86 (as input)": "Art. 86 (as input)",
    "instrument.clause.V (performance thresholds)": "V (performance thresholds)",
    "report.section.use": "Intended use and limitations",
    "report.section.evidence": "Evidence for clauses",
    "report.use.lead": (
        "This section contains statements by the person responsible for the model, where supplied. tabinterp has not verified "
        "these statements."
    ),
    "report.use.intended_use": "Intended use",
    "report.use.out_of_scope": "Out-of-scope use",
    "report.use.population": "Population",
    "report.use.limits": "Limitations",
    "report.use.ethics": "Ethical considerations",
    "report.use.developer": "Developer",
    "report.use.licence": "Licence",
    "report.use.reviewer": "Reviewer",
    "report.use.role": "Reviewer's role",
    "report.use.none": "not supplied",
    "report.evidence.lead": (
        "This section shows whether the audit contains evidence that is relevant to clauses of laws and standards. "
        "“Supplied” means that every field that this report maps to the clause is present; “partial” means that "
        "only some of these fields are present. The reader must decide whether the evidence is sufficient."
    ),
    "report.evidence.count": (
        "Evidence is supplied for {supplied} of the {clauses} clauses, partial for {partial} and not supplied for "
        "{none}."
    ),
    "report.evidence.marks": (
        "The column “Verification” shows the basis of the mapping to a clause: P, checked against the text of the "
        "clause or a verbatim quotation; S, checked against secondary sources; M, from memory, not checked. Check "
        "the wording of the clause before relying on the mapping."
    ),
    "report.evidence.table": "Evidence by clause",
    "report.evidence.instrument": "Law or standard",
    "report.evidence.clause": "Clause",
    "report.evidence.applies": "Applies from",
    "report.evidence.mark": "Verification",
    "report.evidence.status": "Evidence",
    "report.evidence.missing": "Missing fields",
    "report.evidence.versions": "Versions of the laws and standards",
    "report.evidence.supplied": "supplied",
    "report.evidence.partial": "partial",
    "report.evidence.not_supplied": "not supplied",
    "report.evidence.outside": "Outside the audit's scope",
    "report.evidence.outside.governance": (
        "Governance, materiality tiers, independence of effective challenge, and ongoing monitoring (SR 26-2)."
    ),
    "report.evidence.outside.system": (
        "Risk management, system logs, quality management, impact and conformity assessments, incident records and cybersecurity "
        "(AI Act, Articles 9, 12, 15(5), 17, 27, 43, 47, 72)."
    ),
    "report.evidence.outside.notice": "The adverse action notice itself, and its legal adequacy (Regulation B).",
    "report.evidence.outside.person": "Legal basis, human intervention, and the means to contest a decision (GDPR).",
    "report.evidence.outside.manage": "The GOVERN and MANAGE functions (NIST), and certification (ISO).",
}
