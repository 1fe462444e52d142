"""docs/parity.md is what `hatch run parity` would write today."""

import parity


def test_page_is_up_to_date():
    assert parity.PAGE.read_text(encoding="utf-8") == parity.page(), "run `hatch run parity` and commit docs/parity.md"


def test_every_reason_is_needed():
    """No pattern stands in docs/parity.toml for a name that is here by now."""
    known = parity.tomllib.loads(parity.REASONS.read_text(encoding="utf-8"))["absent"]
    missing = [
        f"{space.name}.{name}"
        for space in parity.SPACES
        for name in parity.public(space.theirs)
        if not hasattr(space.ours, name) and not parity.elsewhere(space, name)
    ]
    unused = [p for patterns in known.values() for p in patterns if not any(parity.fnmatch.fnmatchcase(n, p) for n in missing)]
    assert not unused
