package dev.signalbox.workers.vendor;

import dev.signalbox.config.CallTimeouts;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Secret;
import dev.signalbox.config.Vendor;
import dev.signalbox.config.VendorFamily;
import dev.signalbox.schemas.avro.BodyFormat;
import dev.signalbox.workers.vendor.VendorClient.Call;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Deployments and calls for tests of the vendor stage. */
public final class Deployments {
    public static final String SECRET = "sk-test-canary-0123456789";

    private Deployments() {
    }

    public static Deployment openAi(URI baseUrl, CallTimeouts timeouts, boolean sendsDoneMarker) {
        OptionalInt none = OptionalInt.empty();
        Vendor vendor = new Vendor("openai", VendorFamily.OPENAI, baseUrl, timeouts, sendsDoneMarker);
        return new Deployment(DeploymentName.parse("openai.direct/gpt"), vendor, baseUrl, "gpt-4.1-2025-04-14",
                Optional.empty(), Optional.empty(), List.of(new Secret("${env:KEY}", SECRET)),
                new Deployment.Limits(none, none, none, none), Map.of(), List.of(), timeouts,
                new Deployment.Capabilities(none, true, true, true));
    }

    public static Deployment anthropic(URI baseUrl, CallTimeouts timeouts) {
        OptionalInt none = OptionalInt.empty();
        Vendor vendor = new Vendor("anthropic", VendorFamily.ANTHROPIC, baseUrl, timeouts, false);
        return new Deployment(DeploymentName.parse("anthropic.direct/claude"), vendor, baseUrl,
                "claude-sonnet-4-20250514", Optional.empty(), Optional.empty(),
                List.of(new Secret("${env:KEY}", SECRET)), new Deployment.Limits(none, none, none, none), Map.of(),
                List.of(), timeouts, new Deployment.Capabilities(none, true, true, true));
    }

    /** The same deployment of another vendor, with other credentials. */
    public static Deployment with(Deployment one, Vendor vendor, List<Secret> credentials) {
        return new Deployment(one.name(), vendor, one.baseUrl(), one.modelId(), one.region(), one.account(),
                credentials,
                one.limits(), one.poolShares(), one.failureDomains(), one.timeouts(), one.capabilities());
    }

    /** A call whose body is in the deployment's own language. */
    public static Call ownCall(Deployment deployment, byte[] body, boolean streamed) {
        return new Call(deployment,
                deployment.vendor().family() == VendorFamily.ANTHROPIC
                        ? BodyFormat.ANTHROPIC_MESSAGES
                        : BodyFormat.OPENAI_CHAT_COMPLETIONS,
                body, streamed, Duration.ofMinutes(10), "request-1");
    }

    public static Call call(Deployment deployment, String body, boolean streamed) {
        return call(deployment, body.getBytes(StandardCharsets.UTF_8), streamed);
    }

    public static Call call(Deployment deployment, byte[] body, boolean streamed) {
        return new Call(deployment, BodyFormat.OPENAI_CHAT_COMPLETIONS, body, streamed, Duration.ofMinutes(10),
                "request-1");
    }
}
