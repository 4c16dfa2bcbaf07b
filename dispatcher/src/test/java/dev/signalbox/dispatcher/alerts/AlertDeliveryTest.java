package dev.signalbox.dispatcher.alerts;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import dev.signalbox.config.AlertSettings;
import dev.signalbox.config.Secret;
import dev.signalbox.schemas.avro.Alert;
import dev.signalbox.schemas.avro.AlertSeverity;
import dev.signalbox.schemas.avro.AlertStatus;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-5")
class AlertDeliveryTest {
    private static final long NOW = 1_700_000_000_000L;

    private final BlockingQueue<String> paths = new LinkedBlockingQueue<>();
    private final BlockingQueue<JsonNode> bodies = new LinkedBlockingQueue<>();
    private final AtomicInteger status = new AtomicInteger(200);
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private HttpServer server;

    @BeforeEach
    void serve() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            bodies.add(new ObjectMapper().readTree(exchange.getRequestBody().readAllBytes()));
            paths.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
            exchange.getResponseHeaders().set("Location", base() + "/elsewhere");
            exchange.sendResponseHeaders(status.getAndSet(200), -1);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private String base() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private static Alert alert(AlertStatus status, long changedMillis) {
        return Alert.newBuilder().setKey("all-ejected/routes.m").setName("all-ejected").setEnvironment("test")
                .setSeverity(AlertSeverity.CRITICAL).setStatus(status).setWhere("routes.m").setWhat("nothing is left")
                .setCure("add one").setSinceMillis(NOW - 5_000)
                .setResolvedMillis(status == AlertStatus.RESOLVED ? (Long) changedMillis : null)
                .setChangedMillis(changedMillis).build();
    }

    private AlertDelivery delivery(boolean webhook) {
        AlertSettings settings = webhook
                ? new AlertSettings(Optional.of(new Secret("${env:HOOK}", base() + "/hook?key=s3cret")),
                        Optional.empty(), 2, 30)
                : new AlertSettings(Optional.empty(), Optional.of(URI.create(base() + "/")), 2, 30);
        return new AlertDelivery(() -> settings, metrics);
    }

    private JsonNode next() throws InterruptedException {
        JsonNode body = bodies.poll(20, TimeUnit.SECONDS);
        assertThat(body).as("a post").isNotNull();
        return body;
    }

    private double count(String target, String outcome) {
        return metrics.get("signalbox.alert.deliveries").tags("target", target, "outcome", outcome).counter().count();
    }

    private void awaitCount(String target, String outcome, double wanted) {
        Awaitility.await().until(() -> count(target, outcome) == wanted);
    }

    @Test
    void aWebhookGetsEachChangeOnceAndAgainAfterAFailure() throws Exception {
        status.set(503);
        try (AlertDelivery delivery = delivery(true)) {
            Alert raised = alert(AlertStatus.RAISED, NOW);
            delivery.tell(List.of(raised), List.of(raised), NOW);
            delivery.tell(List.of(raised), List.of(raised), NOW + 1);
            JsonNode first = next();
            assertThat(next()).isEqualTo(first);
            assertThat(first.path("status").asText()).isEqualTo("raised");
            assertThat(first.path("since").asText()).isEqualTo(Instant.ofEpochMilli(NOW - 5_000).toString());
            Alert resolved = alert(AlertStatus.RESOLVED, NOW + 10_000);
            delivery.tell(List.of(), List.of(resolved), NOW + 10_000);
            assertThat(next().path("status").asText()).isEqualTo("resolved");
            assertThat(paths).containsOnly("POST /hook?key=s3cret");
            assertThat(bodies).isEmpty();
            awaitCount("webhook", "delivered", 2);
        }
        assertThat(count("webhook", "failed")).isEqualTo(1);
        assertThat(count("alertmanager", "failed")).isZero();
        assertThat(metrics.get("signalbox.alerts").tag("severity", "critical").gauge().value()).isZero();
    }

    @Test
    void aRedirectIsNotFollowed() throws Exception {
        status.set(307);
        try (AlertDelivery delivery = delivery(true)) {
            Alert raised = alert(AlertStatus.RAISED, NOW);
            delivery.tell(List.of(raised), List.of(raised), NOW);
            next();
            Alert resolved = alert(AlertStatus.RESOLVED, NOW + 10_000);
            delivery.tell(List.of(), List.of(resolved), NOW + 10_000);
            assertThat(next().path("status").asText()).isEqualTo("resolved");
            assertThat(paths).containsOnly("POST /hook?key=s3cret");
            awaitCount("webhook", "refused", 1);
        }
    }

    @Test
    void anAlertmanagerIsToldWithTimesAndLabels() throws Exception {
        try (AlertDelivery delivery = delivery(false)) {
            Alert raised = alert(AlertStatus.RAISED, NOW);
            delivery.tell(List.of(raised), List.of(raised), NOW);
            JsonNode body = next().path(0);
            assertThat(body.path("labels").path("alertname").asText()).isEqualTo("all-ejected");
            assertThat(body.path("labels").path("severity").asText()).isEqualTo("critical");
            assertThat(body.path("annotations").path("cure").asText()).isEqualTo("add one");
            assertThat(body.path("startsAt").asText()).isEqualTo(Instant.ofEpochMilli(NOW - 5_000).toString());
            assertThat(Instant.parse(body.path("endsAt").asText())).isBetween(Instant.ofEpochMilli(NOW + 240_000),
                    Instant.ofEpochMilli(NOW + 270_000));
            Alert resolved = alert(AlertStatus.RESOLVED, NOW + 10_000);
            delivery.tell(List.of(), List.of(resolved), NOW + 10_000);
            assertThat(next().path(0).path("endsAt").asText())
                    .isEqualTo(Instant.ofEpochMilli(NOW + 10_000).toString());
            assertThat(paths).containsOnly("POST /api/v2/alerts");
        }
    }

    @Test
    void whoNoLongerHasTheTaskTellsNothing() {
        WebhookPlan plan = new WebhookPlan();
        Alert old = alert(AlertStatus.RAISED, NOW - WebhookPlan.TOLD_AGAIN.toMillis() - 1);
        assertThat(plan.due(List.of(old), NOW)).as("told by who had it before").isEmpty();
        assertThat(plan.due(List.of(alert(AlertStatus.RAISED, NOW - 1_000)), NOW)).hasSize(1);
    }

    @Test
    void aWebhookThatStaysAwayIsGivenUpAfterEightTriesInFourMinutes() {
        WebhookPlan plan = new WebhookPlan();
        List<Alert> all = List.of(alert(AlertStatus.RAISED, NOW));
        List<Long> tries = new ArrayList<>();
        for (long now = NOW; now < NOW + Duration.ofHours(1).toMillis(); now += 500) {
            if (!plan.due(all, now).isEmpty()) {
                tries.add(now - NOW);
                assertThat(plan.sent(all.getFirst(), AlertPost.Outcome.FAILED, now)).isEqualTo(tries.size() == 8);
            }
        }
        assertThat(tries).containsExactly(0L, 1_000L, 3_000L, 7_000L, 15_000L, 31_000L, 63_000L, 127_000L);
    }

    @Test
    void anAlertmanagerIsToldAgainEachMinuteAndAtOnceWhatChanged() {
        AlertmanagerPlan plan = new AlertmanagerPlan();
        List<Alert> holding = List.of(alert(AlertStatus.RAISED, NOW));
        assertThat(plan.due(List.of(), List.of(), NOW)).isEmpty();
        assertThat(plan.due(holding, holding, NOW)).hasSize(1);
        assertThat(plan.sent(AlertPost.Outcome.FAILED, NOW)).isTrue();
        assertThat(plan.due(holding, holding, NOW + 9_000)).isEmpty();
        assertThat(plan.due(holding, holding, NOW + 10_000)).hasSize(1);
        assertThat(plan.sent(AlertPost.Outcome.FAILED, NOW + 10_000)).isFalse();
        assertThat(plan.due(holding, holding, NOW + 20_000)).hasSize(1);
        assertThat(plan.sent(AlertPost.Outcome.DELIVERED, NOW + 20_000)).isFalse();
        assertThat(plan.due(holding, holding, NOW + 79_000)).isEmpty();
        assertThat(plan.due(holding, holding, NOW + 80_000)).hasSize(1);
        plan.sent(AlertPost.Outcome.DELIVERED, NOW + 80_000);
        List<Alert> resolved = List.of(alert(AlertStatus.RESOLVED, NOW + 81_000));
        assertThat(plan.due(List.of(), resolved, NOW + 81_000)).hasSize(1);
        plan.sent(AlertPost.Outcome.DELIVERED, NOW + 81_000);
        assertThat(plan.due(List.of(), resolved, NOW + Duration.ofMinutes(20).toMillis())).isEmpty();
    }
}
