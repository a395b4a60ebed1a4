//! Every event that the authority ever stored must load for good.

use haat_authority::issuance::{Issuance, IssuanceEvent, IssuedCertificate, Occasion, Refusal, Subject};
use haat_authority::join_token::{JoinToken, JoinTokenEvent};
use haat_store::golden::check_events;

const GOLDEN: &str = "tests/golden";

#[test]
fn join_token_events() {
    let expires_at = "2026-11-21T10:10:00Z".parse().unwrap();
    check_events::<JoinToken>(
        GOLDEN,
        &[
            ("join_token_created", JoinTokenEvent::JoinTokenCreated { service: "orders".to_owned(), expires_at }),
            ("join_token_used", JoinTokenEvent::JoinTokenUsed),
        ],
    );
}

#[test]
fn issuance_events() {
    let issued = |occasion, subject| IssuanceEvent::CertificateIssued {
        occasion,
        certificate: IssuedCertificate {
            subject,
            serial: "5f00a1".to_owned(),
            not_before: "2026-11-21T09:59:00Z".parse().unwrap(),
            not_after: "2026-11-21T10:59:00Z".parse().unwrap(),
        },
    };
    let refused =
        |occasion, caller: &str, refusal| IssuanceEvent::CertificateRefused { occasion, caller: caller.to_owned(), refusal };
    let csr_invalid = Refusal::CsrInvalid { why: "it is too long".to_owned() };
    let name_not_allowed = Refusal::NameNotAllowed { name: "evil.example".to_owned() };
    check_events::<Issuance>(
        GOLDEN,
        &[
            ("certificate_issued.enrollment", issued(Occasion::Enrollment, Subject::Service("orders".to_owned()))),
            ("certificate_issued.renewal", issued(Occasion::Renewal, Subject::Service("orders".to_owned()))),
            ("certificate_issued.edge", issued(Occasion::Edge, Subject::Listener(vec!["localhost".to_owned()]))),
            ("certificate_refused.join_token", refused(Occasion::Enrollment, "", Refusal::JoinTokenInvalid)),
            ("certificate_refused.csr", refused(Occasion::Renewal, "orders", csr_invalid)),
            ("certificate_refused.name", refused(Occasion::Edge, "gateway", name_not_allowed)),
        ],
    );
}
