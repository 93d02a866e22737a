"""The rule base as data: vocabulary, rules and sources, loaded, validated and evaluated."""
