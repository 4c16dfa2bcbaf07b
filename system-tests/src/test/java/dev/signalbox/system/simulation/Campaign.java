package dev.signalbox.system.simulation;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.slf4j.LoggerFactory;

/**
 * Seeds one after another, inside of {@link SimulatedClasses}. It is asked and answers in classes of the JDK, since its
 * caller's are others: see {@link Simulations}.
 */
public final class Campaign implements Function<Map<String, Object>, Map<String, Object>> {
    static final String FIRST = "first";
    static final String COUNT = "count";
    static final String RECORDED = "recorded";
    static final String STOPS_AT_VIOLATION = "stops at violation";
    static final String VIOLATIONS = "violations";
    static final String COVERAGE = "coverage";
    static final String HASHES = "hashes";
    static final String TRACE = "trace";
    static final String STEPS = "steps";

    @Override
    public Map<String, Object> apply(Map<String, Object> question) {
        ((Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME))
                .setLevel(question.containsKey(RECORDED) ? Level.WARN : Level.OFF);
        long first = (Long) question.get(FIRST);
        long count = (Long) question.get(COUNT);
        boolean recorded = question.containsKey(RECORDED);
        Coverage coverage = new Coverage();
        Map<Long, List<String>> violations = new TreeMap<>();
        List<Long> hashes = new ArrayList<>();
        List<String> trace = List.of();
        long steps = 0;
        for (long seed = first; seed < first + count; seed++) {
            Simulation simulation = new Simulation(seed, recorded);
            try {
                new SimulatedWorld(simulation, coverage).run();
            } catch (RuntimeException | Error defect) {
                simulation.violated("the simulation met " + defect + " at " + List.of(defect.getStackTrace()));
            }
            coverage.forgetProcesses();
            hashes.add(simulation.hash());
            steps += simulation.steps();
            trace = simulation.trace();
            if (!simulation.violations().isEmpty()) {
                violations.put(seed, simulation.violations());
                if (question.containsKey(STOPS_AT_VIOLATION)) {
                    break;
                }
            }
        }
        return Map.of(VIOLATIONS, violations, COVERAGE, coverage.counts(), HASHES, hashes, TRACE, trace, STEPS, steps);
    }
}
