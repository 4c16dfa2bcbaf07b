package dev.signalbox.system.simulation;

import dev.signalbox.system.broken.Switch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Function;

/** Simulated worlds of one kind: the project as it is, or with something switched off. */
final class Simulations implements AutoCloseable {
    private final SimulatedClasses classes;
    private final Function<Map<String, Object>, Map<String, Object>> campaign;

    /**
     * @param violations by seed
     * @param coverage {@code FAULT STAGE} → how often the one met the other
     * @param hashes of the seeds' traces, in their order
     * @param trace of the last seed, if it was to be recorded
     * @param steps of all seeds
     */
    record Outcome(Map<Long, List<String>> violations, Map<String, Integer> coverage, List<Long> hashes,
            List<String> trace, long steps) {
    }

    /** What to do beside simulating. */
    enum Mode {
        ALL,
        UNTIL_VIOLATION,
        RECORDED
    }

    @SuppressWarnings("unchecked")
    Simulations(List<Switch> off) {
        classes = new SimulatedClasses(off);
        try {
            campaign = (Function<Map<String, Object>, Map<String, Object>>) Class
                    .forName(Campaign.class.getName(), true, classes).getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Simulates seeds, on a thread of their own: simulated threads need a platform thread to run on. */
    @SuppressWarnings("unchecked")
    Outcome run(long first, long count, Mode mode) {
        Map<String, Object> question = new HashMap<>(Map.of(Campaign.FIRST, first, Campaign.COUNT, count));
        switch (mode) {
            case ALL -> {
            }
            case UNTIL_VIOLATION -> question.put(Campaign.STOPS_AT_VIOLATION, true);
            case RECORDED -> question.put(Campaign.RECORDED, true);
        }
        FutureTask<Map<String, Object>> task = new FutureTask<>(() -> campaign.apply(question));
        Thread.ofPlatform().name("simulation").daemon().start(() -> {
            Thread.currentThread().setContextClassLoader(classes);
            task.run();
        });
        try {
            Map<String, Object> answer = task.get();
            return new Outcome((Map<Long, List<String>>) answer.get(Campaign.VIOLATIONS),
                    (Map<String, Integer>) answer.get(Campaign.COVERAGE), (List<Long>) answer.get(Campaign.HASHES),
                    (List<String>) answer.get(Campaign.TRACE), (Long) answer.get(Campaign.STEPS));
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        try {
            classes.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
