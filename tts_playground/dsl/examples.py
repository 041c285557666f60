"""Four well-known programs, from easy to very hard: what the app opens on, and what benches and starters draw."""

from __future__ import annotations

PROGRAMS = {
    "exclamation mark": "(+ (Quad 8 10 2 8 0) (Quad 8 3 2 2 0))",
    "turned quads": "(+ (Quad 4 4 2 4 0) (Quad 12 4 2 4 45) (Quad 4 12 2 4 90) (Quad 12 12 2 4 135))",
    "smiley": "(+ (- (Circle 5 7 5) (Circle 5 7 6)) (Quad 7 6 2 2 45) (Circle 2 4 10) (Circle 2 10 10))",
    "biohazard": (
        "(- (+ (- (Circle 5 8 8) (Circle 4 8 8)) (- (Circle 4 8 12) (Circle 3 8 13))"
        " (- (Circle 4 5 6) (Circle 3 4 5)) (- (Circle 4 11 6) (Circle 3 12 5))) (Circle 2 8 8))"
    ),
}
