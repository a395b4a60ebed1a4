//! The public contract as a golden file: a change of it shows in review. A missing file is written, to be looked at and
//! committed: to take a change over, delete the old one and run the test again.

use haat_gateway::{openapi, table::Table};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/openapi.json");

#[test]
fn the_public_contract_has_not_changed_unnoticed() {
    let document = openapi::document(&Table::from_contracts().unwrap());
    if !std::path::Path::new(PATH).exists() {
        std::fs::write(PATH, format!("{}\n", serde_json::to_string_pretty(&document).unwrap())).unwrap();
        panic!("a new golden file to look at and commit: {PATH}");
    }
    let golden: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(PATH).unwrap()).unwrap();
    assert!(golden == document, "{PATH} differs from what the contracts say");
}
