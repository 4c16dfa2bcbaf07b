package dev.signalbox.workers;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.signalbox.config.Deployment;
import dev.signalbox.workers.router.FleetView;
import dev.signalbox.workers.router.OperatorOrder;
import dev.signalbox.workers.router.PermitDesk.DeploymentView;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** What a worker knows of its deployments and goes by, as one JSON document for operators. */
final class DeploymentPage {
    private static final JsonFactory JSON = new JsonFactory();

    private DeploymentPage() {
    }

    static String of(Collection<Deployment> deployments, Function<Deployment, DeploymentView> views, long nowNanos) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(text)) {
            json.writeStartObject();
            json.writeArrayFieldStart("deployments");
            for (Deployment deployment : deployments) {
                write(json, deployment, views.apply(deployment), nowNanos);
            }
            json.writeEndArray();
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("writing a string", e);
        }
        return text + "\n";
    }

    private static void write(JsonGenerator json, Deployment deployment, DeploymentView view, long nowNanos)
            throws IOException {
        json.writeStartObject();
        json.writeStringField("deployment", deployment.name().toString());
        json.writeStringField("state", view.health().name());
        json.writeStringField("own", view.own().name());
        if (view.fleetAgeNanos().isPresent() && view.fleet().found().isPresent()) {
            Duration age = Duration.ofNanos(view.fleetAgeNanos().getAsLong());
            json.writeObjectFieldStart("fleet");
            json.writeStringField("state", view.fleet().found().get().name());
            json.writeNumberField("ageMillis", age.toMillis());
            json.writeBooleanField("counts", age.compareTo(FleetView.LONGEST_AGE) <= 0);
            json.writeEndObject();
        }
        if (view.order().isPresent()) {
            OperatorOrder order = view.order().get();
            json.writeObjectFieldStart("order");
            json.writeStringField("action", order.action().name());
            json.writeStringField("who", order.who());
            json.writeStringField("why", order.why());
            json.writeNumberField("leftMillis", TimeUnit.NANOSECONDS.toMillis(order.untilNanos() - nowNanos));
            json.writeEndObject();
        }
        json.writeNumberField("running", view.running());
        json.writeNumberField("expectedMillis", view.expectedMillis());
        json.writeEndObject();
    }
}
