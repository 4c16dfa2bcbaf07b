package dev.signalbox.cli;

import dev.signalbox.config.admin.AdminListener;
import dev.signalbox.dispatcher.Dispatcher;
import dev.signalbox.dispatcher.DispatcherOptions;
import dev.signalbox.workers.intake.CommittedWork;
import java.util.concurrent.Callable;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** A process of the control plane. */
@Command(name = "dispatcher", description = "Runs the control plane against a Kafka until SIGTERM; several share the work. Requests flow without it.")
final class DispatcherCommand implements Callable<Integer> {
    @ParentCommand
    private Shell shell = Shell.NONE;

    @Option(names = "--advertise", paramLabel = "HOST", defaultValue = "${env:SIGNALBOX_ADVERTISED_HOST}", description = "Name by which the other dispatchers reach --admin-host and its port; by default that host, or this machine's name if it is 0.0.0.0.")
    private @Nullable String advertised;

    @Option(names = "--standby-replicas", paramLabel = "N", defaultValue = "${env:SIGNALBOX_STANDBY_REPLICAS:-1}", description = "Copies of each store at other dispatchers, as far as there are some; default ${DEFAULT-VALUE}.")
    private int standbyReplicas;

    @Mixin
    private AdminOptions admin = new AdminOptions();
    @Mixin
    private ConfigurationChoice choice = new ConfigurationChoice();
    @Mixin
    private KafkaOptions kafka = new KafkaOptions();
    @Mixin
    private DataFolder data = new DataFolder();

    @Override
    public Integer call() throws IOException, InterruptedException {
        Clients clients = kafka.required();
        AdminListener listener = admin.listener();
        boolean waits = choice.origin() == ConfigurationChoice.Origin.SIMULATED;
        if (!waits) {
            choice.read(shell.terminal());
        }
        DispatcherOptions options;
        try {
            options = DispatcherOptions.of(choice.live(), clients.kafkaProperties(), clients.registryProperties(),
                    data.path().resolve("streams"))
                    .withAdmin(listener,
                            advertised == null || advertised.isBlank()
                                    ? DispatcherOptions.reachableHost(listener)
                                    : advertised)
                    .withStandbyReplicas(standbyReplicas).withDoneAhead(CommittedWork::done);
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.USAGE, "--standby-replicas: " + e.getMessage(), e);
        }
        clients.clusterId();
        Logs.asService();
        CountDownLatch stopped = new CountDownLatch(1);
        shell.onInterrupt(count -> stopped.countDown());
        try (Dispatcher dispatcher = Installation.start(options)) {
            shell.terminal().say("dispatcher: Kafka " + clients.bootstrapServers()
                    + ", health, metrics and deployments at http://" + admin.host() + ":" + dispatcher.adminPort());
            if (waits) {
                shell.terminal().say("no --config: it goes by what is in force, and waits until there is something");
            }
            stopped.await();
            shell.terminal().say("leaving: others take over at once");
        }
        return ExitCode.OK.number();
    }
}
