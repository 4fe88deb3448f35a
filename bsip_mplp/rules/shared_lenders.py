"""Lenders of the shared pool: what they put in, earn, take out and wait for (SP-5, SP-6, SP-9, SP-14).

Each event costs the same whatever the number of lenders: rewards are a sum per unit lent, what comes free for those
who wait is a sum per unit of weight, and a lender is brought up to date when it acts. Only a loss touches all.
"""

from __future__ import annotations

from bsip_mplp.money import div_ceil, div_floor, split_by_share
from bsip_mplp.rules import shared_accrual as accrual
from bsip_mplp.rules import shared_service as service
from bsip_mplp.rules.book import Book, Refused
from bsip_mplp.rules.chain_orders import order_settlement
from bsip_mplp.rules.inputs import LeavePool, Rewards, Supply
from bsip_mplp.rules.schedule import DueItem, DueKind
from bsip_mplp.rules.shared_state import ONE, SQUARE_BITS, Lender, SharedPool, whole_units

SQUARE = 1 << SQUARE_BITS


def pool_of(book: Book, market: str) -> SharedPool:
    """A market's shared pool; refused if it has none."""
    pool = book.shared_pools.get(market)
    if pool is None:
        raise Refused("SP-3", f"{market} has no shared pool", "See mplp pool.")
    return pool


def supply(book: Book, account: str, ask: Supply, asset: str, units: int) -> None:
    """Lend to the pool: bitasset in, a share of what the pool earns from now on (SP-5, SP-6)."""
    pool = pool_of(book, ask.market or asset)
    least = book.assets[pool.market].least_size
    if asset != pool.market:
        raise Refused("SP-3", f"the shared pool of {pool.market} takes {pool.market}, not {asset}")
    if units < least:
        raise Refused("PL-D39", f"the least that may be lent is {book.show(asset, least)}")
    if book.free(account, asset) < units:
        raise Refused("SP-3", f"your free balance holds {book.show(asset, book.free(account, asset))}")
    lender = _brought_up(book, pool, account)
    if ask.paid_in is not None:
        lender.paid_in = ask.paid_in
    lender.staying += units
    pool.staying += units
    book.move("SP-3", "into the shared pool", (f"free/{account}", asset, -units), (pool.account("pool"), asset, units))
    book.touch("lender", lender.object_key, lender)
    book.event("SP-3", "lender", lender.object_key, "supplied", units=units)
    service.refresh(book, pool)


def leave(book: Book, account: str, ask: LeavePool) -> None:
    """SP-9: at once what is available, the rest as it comes free; a further request tries again for all of it."""
    pool = pool_of(book, ask.market)
    if account not in pool.lenders:
        raise Refused("SP-9", f"you have nothing in the shared pool of {pool.market}")
    lender = _brought_up(book, pool, account)
    waiting = waiting_units(pool, lender)
    held = lender.staying + waiting
    wanted = held if ask.amount is None else ask.amount
    if wanted > held:
        raise Refused("SP-9", f"you have {book.show(pool.market, held)} in the shared pool")
    fetched = _fetch(book, pool, lender)
    at_once = service.available_up_to(book, pool, wanted)
    from_staying = min(at_once, lender.staying)
    lender.staying -= from_staying
    pool.staying -= from_staying
    _leave_queue(pool, lender, at_once - from_staying)
    waits = min(wanted - at_once, lender.staying)
    _join_queue(book, pool, lender, waits)
    book.move(
        "SP-9", "out of the shared pool", (pool.account("pool"), pool.market, -at_once),
        (f"free/{account}", pool.market, at_once),
    )  # fmt: skip
    book.touch("lender", lender.object_key, lender)
    book.event("SP-9", "lender", lender.object_key, "left", at_once=at_once, waits=waits, came_free=fetched)
    if waits:
        book.notify(
            account, "SP-9",
            f"{book.show(pool.market, at_once)} came out at once; {book.show(pool.market, waits)} come free evenly "
            f"over {pool.parameters.threshold // 86_400} days: fetch them with mplp leave or mplp rewards.",
        )  # fmt: skip
    service.refresh(book, pool)


def rewards(book: Book, account: str, ask: Rewards) -> None:
    """SP-5, SP-6: what a lender earned, what came free for it, and what of its losses was made good, are paid to it."""
    pool = pool_of(book, ask.market)
    if account not in pool.lenders:
        raise Refused("SP-5", f"you have nothing in the shared pool of {pool.market}")
    lender = _brought_up(book, pool, account)
    if ask.paid_in is not None:
        lender.paid_in = ask.paid_in
    fetched = _fetch(book, pool, lender)
    units = min(whole_units(lender.reward), book.ledger.balance(pool.account("rewards"), pool.market))
    lender.reward -= units << SQUARE_BITS
    lender.earned += units
    book.touch("lender", lender.object_key, lender)
    book.touch("shared_pool", pool.market, pool)
    book.event("SP-6", "lender", lender.object_key, "paid", units=units, paid_in=lender.paid_in, came_free=fetched)
    if units and lender.paid_in == "core":
        order_settlement(book, account, pool.market, units, pool.account("rewards"))
    else:
        book.move(
            "SP-5", f"rewards of {account}", (pool.account("rewards"), pool.market, -units),
            (f"free/{account}", pool.market, units),
        )  # fmt: skip


# --- up to date -------------------------------------------------------------------------------------------


def _brought_up(book: Book, pool: SharedPool, account: str) -> Lender:
    """A lender with everything counted up to now; a new one if it never lent."""
    accrual.hand_out(book, pool)
    lender = pool.lenders.get(account)
    if lender is None:
        lender = pool.lenders[account] = Lender(pool.market, account, len(pool.lenders))
        lender.epoch, lender.seen_freed = pool.queue.epoch, pool.queue.freed
        lender.seen_staying, lender.seen_waiting = pool.rewards.staying, pool.rewards.waiting
        lender.seen_made_good = pool.made_good
    bring_up(pool, lender)
    return lender


def bring_up(pool: SharedPool, lender: Lender) -> None:
    """Count what a lender earned and what came free for it since it was last looked at."""
    queue, sums = pool.queue, pool.rewards
    freed, waiting = queue.freed, sums.waiting
    if lender.epoch != queue.epoch:
        freed, waiting = queue.ends[lender.epoch]
    lender.reward += lender.staying * (sums.staying - lender.seen_staying)
    lender.reward += div_floor(lender.weight * (waiting - lender.seen_waiting), SQUARE)
    lender.freed += lender.weight * (freed - lender.seen_freed)
    if lender.epoch != queue.epoch:
        lender.epoch, lender.weight = queue.epoch, 0
    lender.seen_staying, lender.seen_waiting, lender.seen_freed = sums.staying, sums.waiting, queue.freed


def waiting_units(pool: SharedPool, lender: Lender) -> int:
    """What a lender still waits for (SP-9); it was brought up to date."""
    return whole_units(lender.weight * pool.queue.left) if lender.epoch == pool.queue.epoch else 0


def _fetch(book: Book, pool: SharedPool, lender: Lender) -> int:
    """What came free, and what was made good of losses, goes to the lender's free balance."""
    freed = min(whole_units(lender.freed), book.ledger.balance(pool.account("freed"), pool.market))
    lender.freed -= freed << SQUARE_BITS
    good = take_made_good(pool, lender)
    book.move(
        "SP-9", f"came free for {lender.name}", (pool.account("freed"), pool.market, -freed),
        (f"free/{lender.name}", pool.market, freed),
    )  # fmt: skip
    book.move(
        "SP-14", f"made good to {lender.name}", (pool.account("made_good"), pool.market, -good),
        (f"free/{lender.name}", pool.market, good),
    )  # fmt: skip
    return freed + good


def take_made_good(pool: SharedPool, lender: Lender) -> int:
    """What was made good of a lender's losses since it was last asked for; it counts as taken then (SP-14)."""
    if not pool.loss_shared:
        return 0
    due = div_floor(lender.loss * pool.made_good, pool.loss_shared) - lender.seen_made_good
    lender.seen_made_good += due
    return due


# --- the queue (SP-9) -------------------------------------------------------------------------------------


def _steps(pool: SharedPool) -> int:
    return pool.parameters.threshold // pool.parameters.leaving_step


def _join_queue(book: Book, pool: SharedPool, lender: Lender, units: int) -> None:
    if not units:
        return
    queue, step = pool.queue, pool.parameters.leaving_step
    lender.staying -= units
    pool.staying -= units
    if not queue.units:
        queue.step = (book.now - pool.opened) // step
        book.schedule.add(DueItem(pool.opened + (queue.step + 1) * step, DueKind.SHARED_LEAVING, pool.number))
    weight = div_floor(units * SQUARE, queue.left)
    queue.units += units
    queue.weight += weight
    lender.weight += weight
    part = div_floor(units * SQUARE, queue.scale)
    queue.speed += part
    queue.remaining += part * _steps(pool)
    last = queue.step + _steps(pool)
    queue.expiring[last] = queue.expiring.get(last, 0) + part


def _leave_queue(pool: SharedPool, lender: Lender, units: int) -> None:
    """Some of what a lender waits for comes out early, or is lost; what the others get stays as it was."""
    queue = pool.queue
    if not units:
        return
    if units == queue.units:
        lender.weight = 0
        _end_epoch(pool)
        return
    weight = min(lender.weight, div_ceil(units * SQUARE, queue.left))
    lender.weight -= weight
    queue.weight -= weight
    queue.scale = div_floor(queue.scale * (queue.units - units), queue.units)
    queue.units -= units
    if queue.weight <= 0:
        _end_epoch(pool)


def _end_epoch(pool: SharedPool) -> None:
    queue = pool.queue
    queue.ends[queue.epoch] = (queue.freed, pool.rewards.waiting)
    queue.epoch += 1
    queue.units = queue.weight = queue.speed = queue.remaining = 0
    queue.left = queue.scale = ONE
    queue.expiring = {}


def step_falls_due(book: Book, pool: SharedPool, time: int) -> None:
    """SP-9: what a step frees leaves what the pool can serve with; each who waits gets of it by what it waits for."""
    queue, step = pool.queue, pool.parameters.leaving_step
    if not queue.units or (time - pool.opened) // step != queue.step + 1:
        return
    accrual.hand_out(book, pool)
    queue.step += 1
    queue.remaining -= queue.speed
    queue.speed -= queue.expiring.pop(queue.step, 0)
    left = min(queue.units, div_ceil(queue.remaining * queue.scale, SQUARE * _steps(pool))) if queue.speed else 0
    units, was = queue.units - left, queue.units
    queue.freed += div_floor(units * SQUARE, queue.weight)
    queue.left, queue.units = div_floor(queue.left * left, was), left
    book.move(
        "SP-9", "comes free for those who wait", (pool.account("pool"), pool.market, -units),
        (pool.account("freed"), pool.market, units),
    )  # fmt: skip
    if left:
        book.schedule.add(DueItem(time + step, DueKind.SHARED_LEAVING, pool.number))
    else:
        _end_epoch(pool)
    service.refresh(book, pool)


# --- losses (SP-14) ---------------------------------------------------------------------------------------


def lose(book: Book, pool: SharedPool, units: int) -> None:
    """SP-14: what the insurance pool can't cover is lost by the lenders, by share. Every lender is touched."""
    accrual.hand_out(book, pool)
    lenders = list(pool.lenders.values())
    for lender in lenders:
        bring_up(pool, lender)
    waits = [waiting_units(pool, lender) for lender in lenders]
    parts = split_by_share(units, [lender.staying + wait for lender, wait in zip(lenders, waits, strict=True)])
    total = 0
    for lender, part in zip(lenders, parts, strict=True):
        good = div_floor(lender.loss * pool.made_good, pool.loss_shared) if pool.loss_shared else 0
        lender.freed += good - lender.seen_made_good << SQUARE_BITS  # fetched like what came free
        lender.loss += part - good
        lender.seen_made_good = 0
        total += lender.loss
        from_staying = min(part, lender.staying)
        lender.staying -= from_staying
        pool.staying -= from_staying
        _leave_queue(pool, lender, part - from_staying)
        lender.lost += part
        if part:
            book.touch("lender", lender.object_key, lender)
            book.notify(
                lender.name, "SP-14",
                f"{book.show(pool.market, part)} of what you lent to the shared pool of {pool.market} was lost.",
            )  # fmt: skip
    rest = book.ledger.balance(pool.account("made_good"), pool.market)
    book.move(
        "SP-14", "made good so far", (pool.account("made_good"), pool.market, -rest),
        (pool.account("freed"), pool.market, rest),
    )  # fmt: skip
    pool.loss_shared, pool.made_good = total, 0
    pool.loss = total
    book.event("SP-14", "shared_pool", pool.market, "lost", units=units)


def make_good(book: Book, pool: SharedPool) -> None:
    """SP-14: income of the insurance pool makes losses good first."""
    held = book.ledger.balance(pool.account("insurance"), pool.market)
    units = min(held, pool.loss)
    if not units:
        return
    pool.loss -= units
    pool.made_good += units
    book.move(
        "SP-14", "losses made good", (pool.account("insurance"), pool.market, -units),
        (pool.account("made_good"), pool.market, units),
    )  # fmt: skip
    book.event("SP-14", "shared_pool", pool.market, "made good", units=units)
    book.touch("shared_pool", pool.market, pool)
