"""The benchmark of domain adaptation: what is picked, and what its table says."""

from benchmarks import adaptation_methods


def run(*rows):
    names = ("method", "seconds", "test", "certainty", "steady information", "density")
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_picked_is_the_best_by_the_validator_and_oracle_the_best_on_the_test():
    a, b = ("A", 2, 0.7, -0.1, 2.0, 3.1), ("B", 1, 0.8, -0.5, 1.5, 3.2)
    runs = [run(("source only", 0, 0.5, -1, 1.0, 3.0), a, b)]
    a, b = ("A", 3, 0.6, -0.1, 2.0, 3.1), ("B", 1, 0.4, -0.5, 1.5, 3.2)
    runs += [run(("source only", 0, 0.5, -1, 2.1, 3.0), a, b)]
    rows = dict(adaptation_methods.summarise(runs))
    assert rows["A"] == "65.0% (60.0% to 70.0%), 3 s at most"
    # The first run picks A (0.7); the second keeps the network as it is (0.5).
    assert rows["**picked** without labels (A, source only)"] == "60.0% (50.0% to 70.0%)"
    assert rows["picked over source only"] == "+10.0 points (+0.0 at least)"
    assert rows["**oracle**: best on the test"] == "70.0% (60.0% to 80.0%)"
    # Ranks of the test: 1 2 3 and 2 3 1; of the density: 1 2 3 in both.
    assert rows["rank correlation of density with the test"] == "+0.25"
