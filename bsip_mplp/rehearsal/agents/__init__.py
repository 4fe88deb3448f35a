"""The users of the rehearsal, one kind a file, all acting for their own gain (RE-1, RE-9)."""

from __future__ import annotations

from bsip_mplp.rehearsal.agents.absent import Absent
from bsip_mplp.rehearsal.agents.arbitrageur import Arbitrageur
from bsip_mplp.rehearsal.agents.attack_cheap_interest import CheapInterest
from bsip_mplp.rehearsal.agents.attack_short import Short
from bsip_mplp.rehearsal.agents.attack_spike import Spike
from bsip_mplp.rehearsal.agents.attack_withdraw import Withdraw
from bsip_mplp.rehearsal.agents.bidders import Bidders
from bsip_mplp.rehearsal.agents.call_traders import CallTraders
from bsip_mplp.rehearsal.agents.called_on_purpose import CalledOnPurpose
from bsip_mplp.rehearsal.agents.careful import Careful
from bsip_mplp.rehearsal.agents.lenders import Lenders
from bsip_mplp.rehearsal.agents.protected import Protected
from bsip_mplp.rehearsal.agents.publishers import publications
from bsip_mplp.rehearsal.agents.tight import Tight

__all__ = ["ATTACKERS", "KINDS", "publications"]

KINDS = {
    kind.name: kind
    for kind in (Lenders, Tight, Careful, Absent, Protected, CalledOnPurpose, Bidders, CallTraders, Arbitrageur)
}
"""Each kind of user by its name in a scenario, in the order in which they enter."""

ATTACKERS = {"short": Short, "spike": Spike, "cheap_interest": CheapInterest, "withdraw": Withdraw}
"""Each kind of attacker by its name in a scenario."""
