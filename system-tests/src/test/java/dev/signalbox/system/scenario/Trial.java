package dev.signalbox.system.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** One run of a scenario: its own model, deployments and request, so that no run teaches another one's health. */
record Trial(Scenario scenario, Family family, boolean streamed, int round) {
    static final int ROUNDS = 5;

    /** All of them, rounds outermost. */
    static List<Trial> all() {
        List<Trial> trials = new ArrayList<>();
        for (int round = 1; round <= ROUNDS; round++) {
            for (Scenario scenario : Scenario.values()) {
                for (Family family : Family.values()) {
                    trials.add(new Trial(scenario, family, true, round));
                    trials.add(new Trial(scenario, family, false, round));
                }
            }
        }
        return trials;
    }

    Row row() {
        return new Row(scenario, family, streamed);
    }

    /** Name of the model that is asked for, and of the request. */
    String name() {
        return (scenario + "-" + family + (streamed ? "-stream-" : "-whole-") + round).toLowerCase(Locale.ROOT);
    }

    /** A line of the scorecard. */
    record Row(Scenario scenario, Family family, boolean streamed) implements Comparable<Row> {
        @Override
        public int compareTo(Row other) {
            int byScenario = scenario.compareTo(other.scenario);
            int byFamily = byScenario != 0 ? byScenario : family.compareTo(other.family);
            return byFamily != 0 ? byFamily : Boolean.compare(other.streamed, streamed);
        }

        @Override
        public String toString() {
            return scenario + " " + family.label() + (streamed ? " streamed" : " whole");
        }
    }
}
