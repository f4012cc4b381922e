#![no_main]

#[path = "../targets/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let target = targets::TARGETS.iter().find(|target| target.name == "soap");
    (target.unwrap().run)(input);
});
