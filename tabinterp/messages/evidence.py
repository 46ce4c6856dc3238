"""The author's text, and evidence for clauses. What a clause demands is nowhere decided here."""

from __future__ import annotations

EVIDENCE: dict[str, str] = {
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
