"""Draws the results as one bar each, its length the share of the target that is used; a missed target is red."""

from html import escape

WIDTH, ROW, LEFT, BAR = 900, 26, 430, 300


def bar(index, result):
    value, limit = result["value"], result["limit"]
    share = (limit / value if result.get("at_least") else value / limit) if limit and value else 0
    y = 30 + index * ROW
    colour = "#c0392b" if share > 1 else "#2e7d4f"
    return (f'<text x="{LEFT - 10}" y="{y + 13}" text-anchor="end">{escape(result["what"])}</text>'
            f'<rect x="{LEFT}" y="{y}" width="{min(share, 1.4) * BAR:.0f}" height="16" fill="{colour}"/>'
            f'<text x="{LEFT + min(share, 1.4) * BAR + 6:.0f}" y="{y + 13}">{value:.4g} {escape(result["unit"])}</text>')


def bars(results):
    drawn = [result for result in results if result["limit"] is not None]
    height = 50 + len(drawn) * ROW
    body = "".join(bar(index, result) for index, result in enumerate(drawn))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" '
            f'font-size="12"><rect width="100%" height="100%" fill="#fbfaf7"/>'
            f'<line x1="{LEFT + BAR}" y1="20" x2="{LEFT + BAR}" y2="{height - 20}" stroke="#66707a"/>'
            f'<text x="{LEFT + BAR}" y="14" text-anchor="middle">target</text>{body}</svg>\n')
