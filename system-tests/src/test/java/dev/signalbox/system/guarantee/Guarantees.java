package dev.signalbox.system.guarantee;

import java.util.List;

/** Several watchers of one run. */
public final class Guarantees {
    private final List<Watcher> watchers;

    public Guarantees(List<Watcher> watchers) {
        this.watchers = List.copyOf(watchers);
    }

    /** All that there are. */
    public static Guarantees all(long clockToleranceMillis, List<String> canaries) {
        return new Guarantees(List.of(new NothingLost(), new EveryRequestEndsOnce(), new NoMixedAttempts(),
                new CommittedNeverPassesPending(), new NoCallAfterExpiry(clockToleranceMillis),
                new NoSecretsInOutput(canaries)));
    }

    public void saw(RunEvent event) {
        watchers.forEach(watcher -> watcher.saw(event));
    }

    /** Each violation, with its guarantee before it; empty if all were kept. */
    public List<String> violations() {
        return watchers.stream()
                .flatMap(watcher -> watcher.violations().stream().map(what -> watcher.name() + ": " + what)).toList();
    }
}
