package dev.signalbox.cli;

import dev.signalbox.config.Pool;
import dev.signalbox.config.Pool.PriorityShare;
import dev.signalbox.schemas.Priority;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What weights and floors come to: the part of the pool's calls that each priority gets while all of them have work. It is its
 * weight's part, but for those whose floor is more than that: they have their floor, and the others share by weight what is left.
 *
 * <p>So it is where all requests cost alike and the pool has many calls at once: weights are of tokens, and a floor of a few
 * calls is rounded down. What deployments hold back for {@code interactive} is not in it.
 */
final class PriorityParts {
    private PriorityParts() {
    }

    /**
     * 0 to 1 for each, 1 together.
     *
     * @param shares at least one; floors of at most 1 together
     */
    static Map<Priority, Double> of(Map<Priority, PriorityShare> shares) {
        Map<Priority, Double> parts = new EnumMap<>(Priority.class);
        Map<Priority, PriorityShare> byWeight = new EnumMap<>(shares);
        double left = 1;
        while (true) {
            double shared = left;
            double weights = byWeight.values().stream().mapToDouble(PriorityShare::weight).sum();
            Map<Priority, PriorityShare> byFloor = new EnumMap<>(Priority.class);
            byWeight.forEach((priority, share) -> {
                if (share.floor() > shared * share.weight() / weights + 1e-9) {
                    byFloor.put(priority, share);
                }
            });
            if (byFloor.isEmpty()) {
                byWeight.forEach((priority, share) -> parts.put(priority, shared * share.weight() / weights));
                return parts;
            }
            byFloor.forEach((priority, share) -> parts.put(priority, share.floor()));
            left -= byFloor.values().stream().mapToDouble(PriorityShare::floor).sum();
            byWeight.keySet().removeAll(byFloor.keySet());
        }
    }

    /** What of it changes, the most urgent priority first, for a person. */
    static List<String> preview(Pool before, Pool after) {
        Map<Priority, Double> parts = of(before.priorities());
        Map<Priority, Double> others = of(after.priorities());
        List<String> lines = new ArrayList<>();
        new EnumMap<>(before.priorities()).forEach((priority, share) -> {
            PriorityShare other = after.priorities().getOrDefault(priority, share);
            double part = parts.getOrDefault(priority, 0.0);
            double becomes = others.getOrDefault(priority, 0.0);
            if (!other.equals(share) || Math.abs(becomes - part) > 1e-9) {
                lines.add("pool " + before.name() + ": " + priority.label() + " " + percent(part)
                        + " of the calls when all have work" + inWords(share) + " -> " + percent(becomes)
                        + inWords(other));
            }
        });
        return lines;
    }

    private static String inWords(PriorityShare share) {
        return " (weight " + number(share.weight()) + ", floor " + percent(share.floor()) + ")";
    }

    static String number(double value) {
        return value == Math.rint(value)
                ? Long.toString((long) value)
                : String.format(Locale.ROOT, "%s", value);
    }

    /** In tenths of a percent. */
    static String percent(double share) {
        return number(Math.round(share * 1_000) / 10.0) + "%";
    }
}
