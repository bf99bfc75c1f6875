"""Contrast and difference of colours, sRGB values from 0 to 1."""

from functools import cache

from coloraide import Color

# How people see: Machado, Oliveira and Fernandes (2009), with no cone of a kind
SIGHTS = [None, "protan", "deutan", "tritan"]


def contrast(one, other):
    """WCAG contrast, from 1 to 21."""
    one, other = (Color("srgb", [float(part) for part in c]) for c in (one, other))
    return one.contrast(other, method="wcag21")


@cache
def seen(rgb, sight):
    color = Color("srgb", rgb)
    return color.filter(sight, method="machado").clip() if sight else color


@cache
def closest(one, other):
    """(CIEDE2000, sight) where two colours look most alike."""
    return min(
        (seen(one, sight).delta_e(seen(other, sight), method="2000"), str(sight))
        for sight in SIGHTS
    )
