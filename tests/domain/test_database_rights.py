"""Rights of live and of what comes: compared both ways, mirrored where people changed them, else refused."""

from __future__ import annotations

from sluice.domain.promotion.contents import ContainedObject, vanishing
from sluice.domain.promotion.database_rights import Alignment, Right, alignment, from_json, lost, to_json

READ = Right("BI", "SELECT", "TABLE", "S.T")
ENTER = Right("BI", "USAGE", "DATABASE", "")
TO_COME = Right("BI", "SELECT", "TABLE", "S.<FUTURE>")
PARTNER = Right("PARTNER", "SELECT", "TABLE", "S.T", grantee_type="SHARE")
DATABASE_ROLE = Right("READ_ALL", "SELECT", "TABLE", "S.T", grantee_type="DATABASE_ROLE")
CONTENTS = (ContainedObject("SCHEMA", "S"), ContainedObject("TABLE", "S.T"))


def aligned(
    live: set[Right],
    incoming: set[Right],
    cloned: set[Right] | None = None,
    held: tuple[ContainedObject, ...] = CONTENTS,
    coming: tuple[ContainedObject, ...] = CONTENTS,
) -> Alignment:
    """What is done to the incoming database."""
    return alignment(live, incoming, cloned=cloned, live_contents=held, incoming_contents=coming)


def test_what_was_given_and_taken_since_the_clone_is_mirrored() -> None:
    """Of objects, of the database, of what is to come, of database roles: one as the other."""
    for right in (READ, ENTER, TO_COME, DATABASE_ROLE):
        assert aligned({right}, set(), cloned=set()) == Alignment(grant=(right,))
        assert aligned(set(), {right}, cloned={right}) == Alignment(revoke=(right,))
        assert aligned({right}, {right}, cloned={right}) == Alignment()


def test_nobody_enters_a_candidate_and_everybody_what_takes_the_place_of_live() -> None:
    """Rights on the database itself are those of live, whatever they were at the clone."""
    assert aligned({ENTER}, set(), cloned={ENTER}) == Alignment(grant=(ENTER,))
    assert aligned(set(), {ENTER}, cloned=set()) == Alignment(revoke=(ENTER,))
    assert aligned(set(), set(), cloned={ENTER}) == Alignment()


def test_what_the_build_gave_or_lost_is_not_a_persons_doing() -> None:
    """A grant of dbt's stays; one that a build lost is the gate's to judge, before."""
    assert aligned(set(), {READ}, cloned=set()) == Alignment()
    assert aligned({READ}, set(), cloned={READ}) == Alignment()


def test_what_comes_back_gets_the_rights_of_today() -> None:
    """Without a clone to compare with, live's rights count for what both hold; what one alone holds keeps its own."""
    assert aligned({READ, ENTER}, {DATABASE_ROLE}) == Alignment(grant=(READ, ENTER), revoke=(DATABASE_ROLE,))
    alone = Right("BI", "SELECT", "TABLE", "S.OLD")
    assert aligned({READ}, {READ, alone}, coming=(*CONTENTS, ContainedObject("TABLE", "S.OLD"))) == Alignment()
    assert aligned({READ, alone}, {READ}, held=(*CONTENTS, ContainedObject("TABLE", "S.OLD"))) == Alignment()


def test_a_table_that_became_a_view_is_granted_as_one() -> None:
    """SELECT goes along; what a view cannot have is refused by name."""
    view = (CONTENTS[0], ContainedObject("VIEW", "S.T"))
    assert aligned({READ}, set(), cloned=set(), coming=view).grant == (Right("BI", "SELECT", "VIEW", "S.T"),)
    insert = Right("BI", "INSERT", "TABLE", "S.T")
    assert aligned({insert}, set(), cloned=set(), coming=view) == Alignment(refused=(insert,))


def test_shares_and_users_cannot_be_mirrored() -> None:
    """Their grants are made by other means: the swap is refused by their name."""
    assert aligned({PARTNER}, set(), cloned=set()) == Alignment(refused=(PARTNER,))
    assert aligned(set(), {PARTNER}, cloned={PARTNER}) == Alignment(refused=(PARTNER,))


def test_the_grant_option_counts() -> None:
    """Held with it before and without it after is lost; taken from live, it is taken from what comes."""
    wide = Right("BI", "SELECT", "TABLE", "S.T", grant_option=True)
    assert lost([wide], [READ]) == (wide,)
    assert lost([READ], [wide]) == ()
    assert aligned({wide}, {READ}, cloned={READ}).grant == (wide,)
    assert aligned({READ}, {wide}, cloned={wide}) == Alignment(grant=(READ,), revoke=(wide,))


def test_ownership_is_nobodys_to_hand_on() -> None:
    """Whoever owns what a build makes anew: it is neither given nor taken."""
    owner = Right("FIN", "OWNERSHIP", "TABLE", "S.T")
    assert aligned({owner}, set(), cloned=set()) == Alignment() == aligned(set(), {owner}, cloned={owner})


def test_rights_survive_the_journal() -> None:
    """What is noted at the clone is read at the swap."""
    rights = {READ, ENTER, TO_COME, PARTNER, DATABASE_ROLE, Right("BI", "USAGE", "SCHEMA", "S", grant_option=True)}
    assert from_json(to_json(rights)) == rights


def test_what_vanishes_is_named_whatever_its_kind() -> None:
    """Relations that the release removes may go; a table that is a view now has not gone."""
    stage, table = ContainedObject("STAGE", "S.L"), CONTENTS[1]
    assert vanishing([*CONTENTS, stage], CONTENTS) == (stage,)
    assert vanishing(CONTENTS, [CONTENTS[0], ContainedObject("VIEW", "S.T")]) == ()
    assert vanishing(CONTENTS, CONTENTS[:1]) == (table,)
    assert vanishing(CONTENTS, CONTENTS[:1], removed={"S.T"}) == ()
    assert vanishing([ContainedObject("STAGE", "S.T")], [table], removed={"S.T"}) != ()
