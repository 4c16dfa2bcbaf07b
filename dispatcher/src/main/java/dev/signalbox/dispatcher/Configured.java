package dev.signalbox.dispatcher;

import dev.signalbox.config.Budget;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.PriceTable;
import dev.signalbox.config.TopicSettings;
import dev.signalbox.config.UseCase;
import dev.signalbox.config.WorkerSettings;
import dev.signalbox.config.live.ConfigurationSource;
import dev.signalbox.config.live.InForce;
import dev.signalbox.config.live.LiveConfiguration;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a dispatcher asks of the configuration in force. Any thread may ask. */
final class Configured implements AutoCloseable {
    private static final Duration FIRST = Duration.ofSeconds(3);
    private static final Configuration NONE = new Configuration("", Map.of(), Map.of(), List.of(), Map.of(),
            new PriceTable("none", "USD", List.of()), TopicSettings.DEFAULT, WorkerSettings.DEFAULT);

    private final @Nullable LiveConfiguration live;
    private final List<Consumer<Configuration>> told = new CopyOnWriteArrayList<>();
    private volatile Optional<InForce> inForce = Optional.empty();
    private volatile CallLimits callLimits = CallLimits.UNKNOWN;

    Configured(DispatcherOptions options) {
        live = switch (options.configuration()) {
            case ConfigurationSource.Fixed(Configuration configuration) -> {
                take(new InForce(0, configuration));
                yield null;
            }
            case ConfigurationSource.Live source ->
                LiveConfiguration.start(source, options.clientProperties(), this::take);
        };
    }

    private void take(InForce next) {
        callLimits = inForce.isEmpty()
                ? CallLimits.of(next.configuration())
                : callLimits.then(next.configuration());
        inForce = Optional.of(next);
        told.forEach(each -> each.accept(next.configuration()));
    }

    /** Tells the one in force, and each that follows; one may be told twice. */
    void onEach(Consumer<Configuration> listener) {
        told.add(listener);
        inForce.ifPresent(now -> listener.accept(now.configuration()));
    }

    /** Waits until there is one, but no longer than 3 s. */
    void awaitFirst() {
        if (live != null) {
            live.awaitFirst(FIRST);
        }
    }

    boolean isKnown() {
        return inForce.isPresent();
    }

    /** 0: none, or this process's own. */
    long generation() {
        return inForce.map(InForce::generation).orElse(0L);
    }

    /** 1 if the last configuration that was put in force could be used here, else 0. */
    double lastReloadSuccessful() {
        return live == null || live.lastSuccessful() ? 1 : 0;
    }

    /** Of nothing while none is known. */
    Configuration configuration() {
        return inForce.map(InForce::configuration).orElse(NONE);
    }

    /** Empty while none is known. */
    String environment() {
        return inForce.map(now -> now.configuration().environment()).orElse("");
    }

    Map<String, UseCase> useCases() {
        return inForce.map(now -> now.configuration().useCases()).orElse(Map.of());
    }

    List<Budget> budgets() {
        return inForce.map(now -> now.configuration().budgets()).orElse(List.of());
    }

    /** Names of the deployments. */
    Set<String> deployments() {
        return inForce.map(now -> now.configuration().deployments().keySet().stream().map(Object::toString)
                .collect(Collectors.toUnmodifiableSet())).orElse(Set.of());
    }

    /** Since this process has a configuration. */
    CallLimits callLimits() {
        return callLimits;
    }

    @Override
    public void close() {
        if (live != null) {
            live.close();
        }
    }
}
