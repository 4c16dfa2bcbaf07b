package dev.signalbox.cli;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Pool;
import dev.signalbox.config.backlog.Backlog;
import dev.signalbox.config.backlog.BacklogReader;
import dev.signalbox.config.backlog.LaneBacklog;
import dev.signalbox.config.backlog.RouteOfRecord;
import dev.signalbox.config.backlog.ServingRates;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.RouteStanding;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import dev.signalbox.workers.intake.CommittedWork;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** What waits, as a dispatcher's metrics tell it; asked of Kafka itself, so that it holds without one. */
@Command(name = "backlog", description = "How many requests wait in each pool and priority, how old the oldest is, and for how long they keep the vendors' capacity busy.")
final class BacklogCommand implements Callable<Integer> {
    @ParentCommand
    private Shell shell = Shell.NONE;

    @Mixin
    private InstallationOptions with = new InstallationOptions();

    @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.")
    private Rows.Form form = Rows.Form.TABLE;

    @Override
    public Integer call() throws InterruptedException {
        Configuration configuration = with.inForce(shell.terminal());
        Clients clients = with.reachable();
        List<Lane> lanes = new ArrayList<>();
        for (Pool pool : configuration.pools()) {
            for (Priority priority : pool.priorities().keySet().stream().sorted().toList()) {
                lanes.add(new Lane(pool.name(), priority));
            }
        }
        Backlog backlog = read(clients, configuration, lanes);
        ServingRates rates = new ServingRates(
                LatestRecords.read(clients, Topics.REDUNDANCY, RouteStanding.class).values().stream());
        Rows rows = new Rows("pool", "priority", "requests", "oldest_age_seconds", "capacity_seconds",
                "slowest_route");
        for (Lane lane : lanes) {
            LaneBacklog waiting = backlog.of(lane).orElseThrow();
            Optional<ServingRates.Slowest> slowest = rates.seconds(waiting);
            rows.add(lane.pool(), lane.priority().label(), waiting.requests(),
                    tenths(backlog.oldestAgeSeconds(waiting)),
                    slowest.<Object>map(route -> tenths(route.seconds())).orElse("unknown"),
                    slowest.map(ServingRates.Slowest::route).filter(route -> !route.isEmpty()).orElse("-"));
        }
        rows.print(form, shell.terminal().out());
        return ExitCode.OK.number();
    }

    private static Backlog read(Clients clients, Configuration configuration, List<Lane> lanes) {
        RouteOfRecord routes = RouteOfRecord.by(() -> configuration,
                SchemaRegistryClient.of(clients.registryProperties()));
        try (Admin admin = clients.admin();
                BacklogReader reader = new BacklogReader(admin, clients.kafkaProperties(), CommittedWork::done,
                        routes)) {
            return reader.read(lanes);
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        }
    }

    /** A number, but for one without an end, which JSON has not. */
    private static Object tenths(double seconds) {
        return Double.isInfinite(seconds) ? "endless" : Double.valueOf(String.format(Locale.ROOT, "%.1f", seconds));
    }
}
