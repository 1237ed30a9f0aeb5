"""Digits that select regions: pressing a digit again selects the next region of its group."""

from faceeditor.regions import Region

GROUPS: dict[int, tuple[Region, ...]] = {
    1: (Region.SKIN,),
    2: (Region.HAIR, Region.HAT),
    3: (Region.R_BROW, Region.L_BROW),
    4: (Region.R_EYE, Region.L_EYE, Region.GLASSES),
    5: (Region.NOSE,),
    6: (Region.U_LIP, Region.L_LIP, Region.MOUTH),
    7: (Region.R_EAR, Region.L_EAR, Region.EARRING),
    8: (Region.NECK, Region.NECKLACE),
    9: (Region.CLOTH,),
    0: (Region.BACKGROUND,),
}
"""Regions by digit; together they are all regions."""


def region_of_digit(digit: int, current: Region) -> Region:
    """The region that a digit selects while another one is selected."""
    group = GROUPS[digit]
    return group[(group.index(current) + 1) % len(group)] if current in group else group[0]
