"""From rounds of numbers to the table that people read."""
import statistics


def median(values):
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def show(value, digits=3):
    if value is None:
        return "-"
    return f"{value:.{max(0, digits - len(str(int(abs(value)))))}f}"


def verdict(measure, gateway, peer):
    """(number compared with the bar, whether it keeps it); (None, None) when there is none."""
    if gateway is None:
        return None, None
    value = gateway
    if measure.is_ratio:
        if not peer:
            return None, None
        value = gateway / peer
    return value, value <= measure.bar


def table(measures, rounds, targets):
    """(Markdown lines, measures over their bar). `rounds` is [{target: {measure: number}}]."""
    lines = ["| measure | " + " | ".join(targets) + " | ratio | bar | |",
             "|---|" + "---:|" * (len(targets) + 2) + "---|"]
    over = []
    for measure in measures:
        values = {target: median(each.get(target, {}).get(measure.name) for each in rounds)
                  for target in targets}
        gateway, peer = values.get("omniroute"), values.get("nginx")
        if measure.beside:
            peer = median(each.get("omniroute", {}).get(measure.beside) for each in rounds)
        value, keeps = verdict(measure, gateway, peer)
        if keeps is False:
            over.append(measure)
        cells = [f"{show(values[target])} {measure.unit}" if values[target] is not None else "-"
                 for target in targets]
        bar = f"{measure.bar:g} x" if measure.is_ratio else f"{measure.bar:g} {measure.unit}"
        ratio = gateway / peer if gateway is not None and peer else None
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
