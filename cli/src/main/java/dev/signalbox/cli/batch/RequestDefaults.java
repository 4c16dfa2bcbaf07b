package dev.signalbox.cli.batch;

import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.StreamPolicy;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What requests get that do not say it themselves. */
public final class RequestDefaults {
    @Option(names = "--use-case", paramLabel = "NAME", defaultValue = "${env:SIGNALBOX_USE_CASE}", description = "What the requests are for; picks the pool. Default: default.")
    private @Nullable String useCase;

    @Option(names = "--priority", paramLabel = "PRIORITY", defaultValue = "${env:SIGNALBOX_PRIORITY}", description = "interactive, standard, batch or background.")
    private @Nullable Priority priority;

    @Option(names = "--tenant", paramLabel = "NAME", defaultValue = "${env:SIGNALBOX_TENANT}", description = "Who asks. Default: default.")
    private @Nullable String tenant;

    @Option(names = "--department", paramLabel = "NAME", defaultValue = "${env:SIGNALBOX_DEPARTMENT}", description = "Who pays.")
    private @Nullable String department;

    @Option(names = "--time-to-live", paramLabel = "DURATION", description = "How long an answer is worth having, such as 90s or 24h; by default what its priority says.")
    private @Nullable Duration timeToLive;

    @Option(names = "--stream-policy", paramLabel = "POLICY", description = "After a cut stream: restart (default), continue or fail.")
    private @Nullable StreamPolicy streamPolicy;

    @Option(names = "--label", paramLabel = "KEY=VALUE", description = "A label for analysis. Repeatable.")
    private Map<String, String> labels = Map.of();

    public RequestOptions options() {
        return new RequestOptions(Optional.ofNullable(useCase), Optional.ofNullable(priority),
                Optional.ofNullable(tenant), Optional.ofNullable(timeToLive), Optional.ofNullable(streamPolicy),
                Optional.ofNullable(department), Optional.empty(), Optional.empty(), labels);
    }
}
