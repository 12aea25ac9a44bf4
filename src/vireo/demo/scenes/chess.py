"""Chess: a board seen at a slant; every second one piece glides to another square."""

from __future__ import annotations

import numpy as np

from vireo.demo.canvas import HEIGHT, WIDTH, XS, YS, Canvas, soft
from vireo.demo.scenes.base import Draw, pick

BOARDS = [("#f0dcb4", "#8a5a34"), ("#eee6d2", "#6b6459"), ("#e9d9bd", "#7a4a3a")]
BACKGROUNDS = [("#3a3f3c", "#22262a"), ("#4a4038", "#2a231e"), ("#3d444a", "#24282d")]
FAR, NEAR = 22.0, 140.0


def _spot(column: float, row: float) -> tuple[float, float, float]:
    """Square (0..8, 0..8) -> picture x, y and the size of a piece there."""
    depth = row / 8
    y = FAR + (NEAR - FAR) * depth / (1.55 - 0.55 * depth)
    share = (y - FAR) / (NEAR - FAR)
    half = 66 + 58 * share
    return WIDTH / 2 + (column / 8 - 0.5) * 2 * half, y, 0.62 + 0.5 * share


def chess(rng: np.random.Generator) -> Draw:
    light, dark = pick(rng, BOARDS)
    background = pick(rng, BACKGROUNDS)
    squares = rng.permutation(64)
    count = int(rng.integers(11, 18))
    kinds = rng.integers(0, 4, count)
    pace = float(rng.uniform(0.9, 1.3))
    share = np.clip((YS - FAR) / (NEAR - FAR), 0, 1)
    depth = 1.55 * share / (1 + 0.55 * share)
    column = ((XS - WIDTH / 2) / (2 * (66 + 58 * share)) + 0.5) * 8
    on_board = soft(YS - FAR) * soft(NEAR - YS) * ((column > 0) & (column < 8))
    odd = ((np.floor(column) + np.floor(np.minimum(depth * 8, 7.99))) % 2).astype(np.float32)

    table = Canvas()
    table.gradient(*background)
    _frame(table)
    table.paint(on_board, light)
    table.paint(on_board * odd, dark)
    table.glow(190, 10, 60, "#ffe2a8", 0.12)

    def places(t: float) -> list[tuple[float, float, int]]:
        """Where every piece is: the one whose turn it is is on its way to a free square."""
        where = squares[:count].astype(float).tolist()
        turn = int(t / pace)
        for move in range(turn):
            where[move % count] = float(squares[count + move % (64 - count)])
        spots = [(square % 8 + 0.5, square // 8 + 0.62) for square in where]
        target = squares[count + turn % (64 - count)]
        ease = float(np.clip((t / pace % 1.0) * 1.8 - 0.4, 0, 1))
        ease = ease * ease * (3 - 2 * ease)
        x, y = spots[turn % count]
        goal = target % 8 + 0.5, target // 8 + 0.62
        spots[turn % count] = (x + (goal[0] - x) * ease, y + (goal[1] - y) * ease)
        return [(x, y, n) for n, (x, y) in enumerate(spots)]

    def draw(canvas: Canvas, t: float) -> None:
        canvas.copy_from(table)
        for x, y, n in sorted(places(t), key=lambda place: place[1]):
            _piece(canvas, _spot(x, y), int(kinds[n]), white=n % 2 == 0)

    return draw


def _frame(canvas: Canvas) -> None:
    top, low = FAR - 4, min(NEAR + 5, HEIGHT)
    corners = [(56.0, top), (200.0, top), (WIDTH - 2.0, low), (2.0, low)]
    canvas.polygon(corners, "#4a2d1a")


def _piece(canvas: Canvas, spot: tuple[float, float, float], kind: int, *, white: bool) -> None:
    x, y, size = spot
    body, rim = ("#faf3e3", "#8d7b63") if white else ("#2b2622", "#0b0908")
    tall = (15, 19, 22, 25)[kind] * size
    wide = 7.0 * size
    canvas.ellipse(x + 2, y + 1, wide * 1.2, 3.2 * size, "#000000", 0.35)
    for grow, color in ((1.2, rim), (0.0, body)):
        canvas.ellipse(x, y - 1, wide + grow, 3.4 * size + grow, color)
        canvas.polygon(
            [
                (x - wide * 0.7 - grow, y - 2),
                (x - 2.3 * size - grow, y - tall),
                (x + 2.3 * size + grow, y - tall),
                (x + wide * 0.7 + grow, y - 2),
            ],
            color,
        )
        _head(canvas, x, y - tall, size, kind, grow, color)


def _head(
    canvas: Canvas, x: float, y: float, size: float, kind: int, grow: float, color: str
) -> None:
    if kind == 0:  # pawn
        canvas.disc(x, y, 4.3 * size + grow, color)
    elif kind == 1:  # rook
        wide = 4.8 * size + grow
        canvas.box(x - wide, y - 4 * size - grow, x + wide, y + 2 * size + grow, color)
    elif kind == 2:  # bishop
        canvas.ellipse(x, y - 1, 3.4 * size + grow, 5.4 * size + grow, color)
    else:  # king
        canvas.ellipse(x, y, 5 * size + grow, 3.2 * size + grow, color)
        top = y - 8 * size - grow
        canvas.box(x - size - grow / 2, top, x + size + grow / 2, y, color)
        canvas.box(x - 3 * size, y - 6 * size - grow, x + 3 * size, y - 4.4 * size + grow, color)
