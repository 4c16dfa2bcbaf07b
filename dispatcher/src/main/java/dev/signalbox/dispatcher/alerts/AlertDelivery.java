package dev.signalbox.dispatcher.alerts;

import dev.signalbox.config.AlertSettings;
import dev.signalbox.dispatcher.alerts.AlertPost.Outcome;
import dev.signalbox.schemas.avro.Alert;
import dev.signalbox.schemas.avro.AlertSeverity;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends alerts to where the configuration wants them, on a thread of its own, as long as this process has the task that
 * raises them. A webhook gets each change at least once unless {@link WebhookPlan} gives it up; an Alertmanager all that holds each
 * {@link AlertmanagerPlan#REPEAT}.
 */
public final class AlertDelivery implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AlertDelivery.class);
    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);
    private static final String COUNTER = "signalbox.alert.deliveries";
    private static final String WEBHOOK = "webhook";
    private static final String ALERTMANAGER = "alertmanager";

    private final Supplier<AlertSettings> settings;
    private final AlertPost post;
    private final MeterRegistry metrics;
    private final Semaphore changed = new Semaphore(0);
    private final Thread thread = Thread.ofVirtual().name("alert-delivery").unstarted(this::run);
    private volatile Optional<Told> told = Optional.empty();
    private volatile boolean closing;

    /** @param atNanos of this process's monotonic clock */
    private record Told(List<Alert> holding, List<Alert> all, long fleetMillis, long atNanos) {
        long nowMillis() {
            return fleetMillis + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - atNanos);
        }
    }

    public AlertDelivery(Supplier<AlertSettings> settings, MeterRegistry metrics) {
        this.settings = settings;
        this.post = new AlertPost();
        this.metrics = metrics;
        for (String target : List.of(WEBHOOK, ALERTMANAGER)) {
            for (Outcome outcome : Outcome.values()) {
                metrics.counter(COUNTER, "target", target, "outcome", outcome.label());
            }
        }
        for (AlertSeverity severity : AlertSeverity.values()) {
            Gauge.builder("signalbox.alerts", this, delivery -> delivery.holding(severity))
                    .tag("severity", severity.name().toLowerCase(Locale.ROOT)).register(metrics);
        }
        thread.start();
    }

    private long holding(AlertSeverity severity) {
        return told.stream().flatMap(known -> known.holding.stream()).filter(alert -> alert.getSeverity() == severity)
                .count();
    }

    /** This process raises the fleet's alerts from now on. */
    void own() {
        LOG.info("this process raises and delivers the alerts of the installation");
    }

    /** Another process raises them from now on. */
    void disown() {
        set(Optional.empty());
    }

    /**
     * What holds now. Never waits.
     *
     * @param all also what was resolved of late
     * @param fleetMillis now on the broker's clock
     */
    void tell(List<Alert> holding, List<Alert> all, long fleetMillis) {
        set(Optional.of(new Told(List.copyOf(holding), List.copyOf(all), fleetMillis, System.nanoTime())));
    }

    private void set(Optional<Told> now) {
        told = now;
        changed.release();
    }

    private void run() {
        WebhookPlan webhook = new WebhookPlan();
        AlertmanagerPlan alertmanager = new AlertmanagerPlan();
        while (awaitNext()) {
            Optional<Told> known = told;
            if (known.isEmpty()) {
                webhook = new WebhookPlan();
                alertmanager = new AlertmanagerPlan();
                continue;
            }
            try {
                toWebhook(webhook, known.get());
                toAlertmanager(alertmanager, known.get());
            } catch (RuntimeException e) {
                LOG.error("alerts could not be delivered now; tried again", e);
            }
        }
    }

    /** False when it is to end. */
    private boolean awaitNext() {
        try {
            boolean _ = changed.tryAcquire(LOOK.toMillis(), TimeUnit.MILLISECONDS);
            changed.drainPermits();
            return !closing;
        } catch (InterruptedException e) {
            return false;
        }
    }

    private void toWebhook(WebhookPlan plan, Told known) {
        settings.get().webhook().ifPresent(url -> {
            for (Alert alert : plan.due(known.all, known.nowMillis())) {
                Outcome outcome = post.send(url.value(), AlertJson.webhook(alert));
                count(WEBHOOK, outcome);
                if (plan.sent(alert, outcome, known.nowMillis())) {
                    LOG.warn("alert {} ({}) is not told to the webhook {}: {}", alert.getKey(), alert.getStatus(),
                            url.reference(), outcome.label());
                }
            }
        });
    }

    private void toAlertmanager(AlertmanagerPlan plan, Told known) {
        settings.get().alertmanager().ifPresent(base -> {
            long now = known.nowMillis();
            List<Alert> batch = plan.due(known.holding, known.all, now);
            if (!batch.isEmpty()) {
                List<AlertJson.Timed> timed = new ArrayList<>();
                batch.forEach(alert -> timed.add(new AlertJson.Timed(alert, AlertmanagerPlan.endsMillis(alert, now))));
                String url = base.toString().replaceAll("/+$", "") + "/api/v2/alerts";
                Outcome outcome = post.send(url, AlertJson.alertmanager(timed));
                count(ALERTMANAGER, outcome);
                if (plan.sent(outcome, known.nowMillis())) {
                    LOG.warn("{} alerts were not told to the Alertmanager: {}; tried again", batch.size(),
                            outcome.label());
                }
            }
        });
    }

    private void count(String target, Outcome outcome) {
        metrics.counter(COUNTER, "target", target, "outcome", outcome.label()).increment();
    }

    /** Ends what it is sending within 2 s. */
    @Override
    public void close() {
        closing = true;
        changed.release();
        post.close();
        try {
            thread.join(CLOSE_LIMIT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
