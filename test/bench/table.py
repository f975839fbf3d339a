"""From rows of numbers to the table that people read."""
import statistics


def median(values):
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def show(value, digits=3):
    if value is None:
        return "-"
    return f"{value:.{max(0, digits - len(str(int(abs(value)))))}f}"


def ratio_of(measure, rows):
    """The median of the ratios of the rows that know both numbers; None when none does."""
    ratios = []
    for row in rows:
        gateway = row.get("omniroute", {}).get(measure.name)
        peer = (row.get("omniroute", {}).get(measure.beside) if measure.beside
                else row.get("nginx", {}).get(measure.name))
        if gateway is not None and peer:
            ratios.append(gateway / peer)
    return median(ratios)


def table(measures, rows, targets):
    """(Markdown lines, measures over their bar). `rows` is [{target: {measure: number}}]; what
    stands in one row was measured in one breath."""
    lines = ["| measure | " + " | ".join(targets) + " | ratio | bar | |",
             "|---|" + "---:|" * (len(targets) + 2) + "---|"]
    over = []
    for measure in measures:
        values = {target: median(each.get(target, {}).get(measure.name) for each in rows)
                  for target in targets}
        ratio = ratio_of(measure, rows)
        value = ratio if measure.is_ratio else values.get("omniroute")
        keeps = None if value is None else value <= measure.bar
        if keeps is False:
            over.append(measure)
        cells = [f"{show(values[target])} {measure.unit}" if values[target] is not None else "-"
                 for target in targets]
        bar = f"{measure.bar:g} x" if measure.is_ratio else f"{measure.bar:g} {measure.unit}"
        word = {True: "ok", False: "**over**", None: ""}[keeps]
        lines.append(f"| {measure.text} | {' | '.join(cells)} | {show(ratio)} | {bar} | {word} |")
    return lines, over


def machine():
    """One line about where this was measured."""
    import os
    import platform
    model, memory = "unknown processor", "?"
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    with open("/proc/meminfo", encoding="utf-8") as file:
        memory = f"{int(file.readline().split()[1]) / 1048576:.0f} GB"
    return f"{model}, {os.cpu_count()} cores, {memory}, Linux {platform.release()}"
