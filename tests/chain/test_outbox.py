"""The outbox pays once: through lost replies, duplicates, crashes between any two steps, and expiry.

Faults are put between a real outbox and a real node; what is compared in the end is the receiver's balance.
"""

from dataclasses import dataclass, field, replace

import pytest

from bsip_mplp.chain.chain import Chain
from bsip_mplp.chain.envelope import unseal
from bsip_mplp.chain.errors import KeysError, RefusedError, UnreachableError
from bsip_mplp.chain.keys import keyring_of
from bsip_mplp.chain.orders import Order, Waiting
from bsip_mplp.chain.outbox import Outbox
from bsip_mplp.rules.inputs import OrderDone, OrderFailed

NOW = 1_800_000_000
RESERVE = 10**12
EXPIRATION_SECONDS = 4
STEPS_MAX = 400


class Crash(BaseException):
    """The process ends here."""


@dataclass(frozen=True)
class Attempt:
    attempt: int
    transaction_id: str
    signed_transaction: dict
    expires: int
    reference_block: int
    state: str = "signed"


@dataclass
class Store:
    """Attempts as the journal keeps them. `faults` says after which call, or before it, the process ends."""

    kept: dict = field(default_factory=dict)
    faults: list = field(default_factory=list)

    def attempts(self, number):
        return list(self.kept.get(number, []))

    def save_attempt(self, number, *, transaction_id, signed_transaction, expires, reference_block):
        self._fault("before save")
        mine = self.kept.setdefault(number, [])
        assert all(one.state == "expired" for one in mine), "an earlier attempt may still count"
        mine.append(Attempt(len(mine) + 1, transaction_id, signed_transaction, expires, reference_block))
        self._fault("after save")
        return mine[-1]

    def close_attempt(self, number, attempt, state):
        self._fault("before close")
        mine = self.kept[number]
        assert mine[attempt - 1].state in ("signed", state)
        mine[attempt - 1] = replace(mine[attempt - 1], state=state)
        self._fault("after close")

    def _fault(self, place):
        if place in self.faults:
            self.faults.remove(place)
            raise Crash(place)


class Faulty:
    """A connection whose broadcasts go wrong as planned, one after the other; then all goes well."""

    def __init__(self, connection, plan):
        self._connection = connection
        self.plan = list(plan)
        self.broadcasts = 0

    def __getattr__(self, name):
        return getattr(self._connection, name)

    def call_once(self, api, method, *arguments):
        self.broadcasts += 1
        match self.plan.pop(0) if self.plan else "well":
            case "lost":
                raise UnreachableError("it never arrived")
            case "reply lost":
                self._connection.call_once(api, method, *arguments)
                raise UnreachableError("the reply was lost")
            case "twice":
                self._connection.call_once(api, method, *arguments)
                return self._connection.call_once(api, method, *arguments)
            case "refused":
                raise RefusedError(method, "the node is too busy", 10, "assert_exception")
            case "crash before":
                raise Crash
            case "crash after":
                self._connection.call_once(api, method, *arguments)
                raise Crash
            case _:
                return self._connection.call_once(api, method, *arguments)


@pytest.fixture(scope="module")
def people(world):
    return world.people("pool", "ann", core=10**11)


def order_for(person, world, number=17, units=12_345):
    return Order(number, "payout", person.name, world.core, units, f"mplp payout {number}")


def work_until_done(world, pool, store, connection, orders, deeds=None):
    """Work as a keeper does, started again after each crash; gives what became of each order."""
    ended = {}
    for _ in range(STEPS_MAX):
        outbox = Outbox(
            Chain(connection), store, pool.name, pool.keyring, expiration_seconds=EXPIRATION_SECONDS, deeds=deeds
        )
        rest = [one for one in orders if one.number not in ended]
        try:
            progress = outbox.work(rest, NOW, RESERVE)
        except Crash:
            continue
        ended |= {one.order: one for one in progress if not isinstance(one, Waiting)}
        if len(ended) == len(orders):
            return ended
        world.step()
    raise AssertionError(f"not done: {progress}")


@pytest.mark.parametrize(
    ("broadcasts", "crashes"),
    [
        ([], []),
        (["reply lost"], []),
        (["lost", "reply lost"], []),
        (["twice", "twice"], []),
        (["crash before"], []),
        (["crash after"], []),
        (["refused", "well"], []),
        ([], ["before save"]),
        ([], ["after save"]),
        ([], ["before close"]),
        ([], ["after close"]),
        (["crash after"], ["before save", "after save", "before close", "after close"]),
        (["lost"] * 60, []),
        (["lost"] * 60, ["before close", "after close", "after save"]),
        (["crash before"] + ["refused"] * 60, []),
    ],
    ids=lambda plan: "-".join(plan[:4]).replace(" ", "_") + f"x{len(plan)}" if plan else "none",
)
def test_the_money_arrives_exactly_once(world, people, broadcasts, crashes):
    pool, _ = people
    receiver = world.person("rae")
    store, connection = Store(faults=crashes), Faulty(world.connection, broadcasts)
    order = order_for(receiver, world)
    done = work_until_done(world, pool, store, connection, [order])[17]
    assert isinstance(done, OrderDone)
    assert world.chain.balances(receiver.name) == {world.core: order.units}
    block, place, operation = map(int, done.source.split("."))
    number, fields = world.chain.block(block)["transactions"][place]["operations"][operation]
    assert (number, fields["to"], int(fields["fee"]["amount"])) == (0, receiver.id, done.fee)
    assert unseal(fields["memo"], receiver.keyring) == order.memo
    assert (done.time, done.fee_asset) == (NOW, world.core)
    states = [one.state for one in store.attempts(17)]
    assert states == ["expired"] * (len(states) - 1) + ["confirmed"]
    assert done.transaction == store.attempts(17)[-1].transaction_id
    # and once it is done, doing it again changes nothing
    world.until_irreversible()
    again = work_until_done(world, pool, store, connection, [order])[17]
    assert again == done
    assert world.chain.balances(receiver.name) == {world.core: order.units}


def test_several_orders_at_once_equal_ones_too(world, people):
    pool, _ = people
    receivers = world.people("rae", "roy")
    orders = [order_for(receivers[number % 2], world, number, 1000) for number in range(1, 9)]
    connection = Faulty(world.connection, ["reply lost", "well", "lost", "twice"])
    ended = work_until_done(world, pool, Store(), connection, orders)
    assert all(isinstance(one, OrderDone) for one in ended.values())
    assert len({one.transaction for one in ended.values()}) == 8
    for receiver in receivers:
        assert world.chain.balances(receiver.name) == {world.core: 4000}


def test_a_transaction_may_still_count_until_its_expiration_is_irreversible(world, people):
    pool, _ = people
    receiver = world.person("rae")
    store, connection = Store(), Faulty(world.connection, ["lost"] * 1000)
    outbox = Outbox(Chain(connection), store, pool.name, pool.keyring, expiration_seconds=EXPIRATION_SECONDS)
    order = order_for(receiver, world)
    seen_later = False
    for _ in range(STEPS_MAX):
        irreversible_before = world.chain.head().irreversible_time
        outbox.work([order], NOW, RESERVE)
        attempts = store.attempts(17)
        if len(attempts) > 1:
            break
        seen_later |= world.chain.head().time > attempts[0].expires
        world.step()
    assert attempts[0].state == "expired"
    assert seen_later  # it was waited for, past the expiration itself
    assert world.chain.head().irreversible_time > attempts[0].expires
    assert irreversible_before <= world.chain.head().irreversible_time
    connection.plan.clear()
    work_until_done(world, pool, store, connection, [order])
    assert world.chain.balances(receiver.name) == {world.core: order.units}


def test_the_reserve_holds_payouts_back_and_nothing_is_written_down(world, people):
    pool, ann = people
    store = Store()
    outbox = Outbox(world.chain, store, pool.name, pool.keyring)
    (waiting,) = outbox.work([order_for(ann, world)], NOW, 5)
    assert "held back: the fee is" in waiting.reason
    assert store.kept == {}


def test_what_binds_the_reserve_is_counted_for_the_next_order(world, people):
    pool, ann = people
    store, connection = Store(), Faulty(world.connection, ["lost"] * 9)
    outbox = Outbox(Chain(connection), store, pool.name, pool.keyring)
    orders = [order_for(ann, world, number) for number in (1, 2)]
    spend = Outbox(world.chain, Store(), pool.name, pool.keyring).work(orders[:1], NOW, 0)[0].reason
    reserve = int(int(spend.split()[5]) * 1.5)  # held back: the fee is N units
    first, second = outbox.work(orders, NOW, reserve)
    assert "without a reply" in first.reason
    assert "held back" in second.reason
    assert "held back" in outbox.work(orders, NOW, reserve)[1].reason


def test_nothing_is_made_that_would_expire_long_after_the_ledgers_time(world, people):
    pool, ann = people
    store, now = Store(), world.chain.head().time
    outbox = Outbox(world.chain, store, pool.name, pool.keyring)
    (waiting,) = outbox.work([order_for(ann, world)], now - 4000, RESERVE)
    assert "s ahead of what was read" in waiting.reason
    assert store.kept == {}


def test_without_its_key_nothing_is_signed(world, people):
    pool, ann = people
    with pytest.raises(KeysError, match="no active key"):
        Outbox(world.chain, Store(), pool.name, keyring_of([], world.network.prefix)).work(
            [order_for(ann, world)], NOW, RESERVE
        )


class Refusing(Faulty):
    """A node that would refuse the transfer by its rules, now and when asked what it would do."""

    def __init__(self, connection, name, message):
        super().__init__(connection, [])
        self.refusal = RefusedError("validate_transaction", message, 10, name)

    def call_once(self, api, method, *arguments):
        raise self.refusal

    def call(self, api, method, *arguments):
        if method == "validate_transaction":
            raise self.refusal
        return self._connection.call(api, method, *arguments)


def test_what_the_chain_will_never_take_fails_after_its_attempts_have_died(world, people):
    pool, ann = people
    refusing = Refusing(world.connection, "transfer_to_account_not_whitelisted", "to account is not whitelisted")
    store = Store()
    failed = work_until_done(world, pool, store, refusing, [order_for(ann, world)])[17]
    assert failed == OrderFailed(time=NOW, order=17, reason="to account is not whitelisted")
    assert [one.state for one in store.attempts(17)] == ["expired"] * 3


def test_what_the_operator_can_mend_is_not_given_up(world, people):
    pool, _ = people
    receiver = world.person("rae")
    refusing = Refusing(world.connection, "assert_exception", "insufficient_balance: Insufficient Balance: 1 TEST")
    store = Store()
    outbox = Outbox(Chain(refusing), store, pool.name, pool.keyring, expiration_seconds=EXPIRATION_SECONDS)
    for _ in range(STEPS_MAX):
        (waiting,) = outbox.work([order_for(receiver, world)], NOW, RESERVE)
        assert "refused for now" in waiting.reason
        if len(store.attempts(17)) > 3:
            break
        world.step()
    work_until_done(world, pool, store, world.connection, [order_for(receiver, world)])
    assert world.chain.balances(receiver.name) == {world.core: 12_345}


def test_one_order_that_cannot_be_made_keeps_no_other_waiting(world, people):
    pool, _ = people
    receiver = world.person("rae")
    bad = replace_account(order_for(receiver, world, 1), "nobody-1x")
    store = Store()
    outbox = Outbox(world.chain, store, pool.name, pool.keyring)
    first, second = outbox.work([bad, order_for(receiver, world, 2)], NOW, RESERVE)
    assert "no account nobody-1x" in first.reason
    assert "was sent" in second.reason


def replace_account(order, account):
    return order._replace(account=account)


def test_who_no_longer_leads_sends_nothing_and_the_next_one_resolves_what_was_written_down(world):
    class LostError(Exception):
        pass

    def lost():
        raise LostError

    pool, ann = world.people("pool", "ann", core=10**11)
    store, connection, order = Store(), Faulty(world.connection, []), order_for(ann, world)
    before = world.chain.balances(ann.name)
    outbox = Outbox(Chain(connection), store, pool.name, pool.keyring, before_sending=lost)
    for _ in range(2):  # a fresh transaction, then the one that was written down
        with pytest.raises(LostError):
            outbox.work([order], NOW, RESERVE)
    assert connection.broadcasts == 0
    assert len(store.kept[order.number]) == 1
    ended = work_until_done(world, pool, store, connection, [order])
    assert ended[order.number].transaction == store.kept[order.number][0].transaction_id
    assert world.chain.balances(ann.name)[world.core] - before[world.core] == order.units
