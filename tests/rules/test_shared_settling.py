"""SP-6: rewards paid in the core asset: ordered, settled on the chain, and what of it the chain gives back."""

from .shared_scene import SharedScene

C, D = 10**9, 3_230_000


def ordered():
    """Rewards of a week, ordered to be settled; with their units."""
    scene = SharedScene(price=80_000)
    scene.supply("lena", 6_000_000)
    scene.joined("ann", C, D, 1100, interest=40_000)
    scene.feed(40_000)
    scene.wait(days=7)
    scene.rewards("lena", paid_in="core")
    [(kind, account, asset, units, _)] = scene.orders()
    assert (kind, account, asset) == ("settle", "lena", "USD")
    assert scene.free("lena") == 0
    [text] = scene.told("lena")
    assert text.startswith(f"{units / 10**4:.4f} USD of rewards are to be settled into BTS")
    return scene, units


def told_of_the_order(scene):
    return [(event.what, event.values["units"]) for event in scene.outcome.events if event.kind == "order"]


def test_sp_6_what_is_settled_is_paid_as_reported():
    scene, units = ordered()
    scene.filled(1, 100, got=1_000_000, done=False)
    assert told_of_the_order(scene) == [("filled", 100)]
    assert (scene.free("lena", "BTS"), scene.free("lena")) == (1_000_000, 0)
    scene.filled(1, units - 100, got=2_000_000)
    assert told_of_the_order(scene) == [("filled", units - 100)]
    assert (scene.free("lena", "BTS"), scene.free("lena")) == (3_000_000, 0)
    assert scene.told("lena") == []


def test_sp_6_a_settlement_that_the_chain_gives_back_is_not_filled():
    """The chain cancels what falls due without a feed: the rewards are hers in the bitasset, and she is told."""
    scene, units = ordered()
    scene.filled(1, 0)
    assert told_of_the_order(scene) == [("given back", units)]
    assert (scene.free("lena", "BTS"), scene.free("lena")) == (0, units)
    [text] = scene.told("lena")
    assert text == (
        f"The chain gave {units / 10**4:.4f} USD of your rewards back without settling them: "
        "they are free balance in USD."
    )


def test_sp_6_what_is_left_of_a_settlement_is_given_back():
    scene, units = ordered()
    scene.filled(1, units - 100, got=3_000_000)
    assert told_of_the_order(scene) == [("filled", units - 100), ("given back", 100)]
    assert (scene.free("lena", "BTS"), scene.free("lena")) == (3_000_000, 100)
    [text] = scene.told("lena")
    assert text.startswith("The chain gave 0.0100 USD of your rewards back")
