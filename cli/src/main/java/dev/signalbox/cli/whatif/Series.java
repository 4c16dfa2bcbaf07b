package dev.signalbox.cli.whatif;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Curves over the same points in time: what was seen at each, by name; 0 where a name had not come up yet. */
final class Series {
    private final List<Double> seconds = new ArrayList<>();
    private final Map<String, List<Double>> values = new LinkedHashMap<>();

    void at(double second, Map<String, Double> seen) {
        seconds.add(second);
        seen.forEach((name, value) -> values.computeIfAbsent(name, any -> new ArrayList<>()));
        values.forEach((name, list) -> {
            while (list.size() < seconds.size() - 1) {
                list.add(0.0);
            }
            list.add(seen.getOrDefault(name, 0.0));
        });
    }

    List<Double> seconds() {
        return seconds;
    }

    Map<String, List<Double>> values() {
        return values;
    }

    double most() {
        return values.values().stream().flatMap(List::stream).mapToDouble(Double::doubleValue).max().orElse(0);
    }
}
