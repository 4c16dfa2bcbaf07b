package dev.signalbox.system.scenario;

import dev.signalbox.schemas.avro.StreamPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * One run of a scenario: its own model, deployments and request, so that no run teaches another one's health.
 *
 * @param policy what the request wants of a stream that is cut
 */
record Trial(Scenario scenario, Family family, boolean streamed, StreamPolicy policy, int round) {
    static final int ROUNDS = 5;

    /** All of them, rounds outermost. */
    static List<Trial> all() {
        List<Trial> trials = new ArrayList<>();
        for (int round = 1; round <= ROUNDS; round++) {
            for (Scenario scenario : Scenario.values()) {
                for (Family family : Family.values()) {
                    if (scenario.isOfStreams()) {
                        for (StreamPolicy policy : StreamPolicy.values()) {
                            trials.add(new Trial(scenario, family, true, policy, round));
                        }
                    } else {
                        trials.add(new Trial(scenario, family, true, StreamPolicy.RESTART, round));
                        trials.add(new Trial(scenario, family, false, StreamPolicy.RESTART, round));
                    }
                }
            }
        }
        return trials;
    }

    Row row() {
        return new Row(scenario, family, streamed, policy);
    }

    /** Name of the model that is asked for, and of the request. */
    String name() {
        return (scenario + "-" + family + (streamed ? "-" + policy : "-whole") + "-" + round).toLowerCase(Locale.ROOT);
    }

    /** A line of the scorecard. */
    record Row(Scenario scenario, Family family, boolean streamed,
            StreamPolicy policy) implements Comparable<Row> {
        @Override
        public int compareTo(Row other) {
            int byScenario = scenario.compareTo(other.scenario);
            int byFamily = byScenario != 0 ? byScenario : family.compareTo(other.family);
            int byMode = byFamily != 0 ? byFamily : Boolean.compare(other.streamed, streamed);
            return byMode != 0 ? byMode : policy.compareTo(other.policy);
        }

        @Override
        public String toString() {
            return scenario + " " + family.label() + " " + mode();
        }

        /** Whether and how it is streamed. */
        String mode() {
            return streamed ? policy.name().toLowerCase(Locale.ROOT) : "whole";
        }
    }
}
