package dev.signalbox.cli;

import dev.signalbox.cli.FleetState.Given;
import dev.signalbox.cli.batch.DidYouMean;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.live.ControlKey;
import dev.signalbox.config.live.RoutesLeft;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.ControlAction;
import dev.signalbox.schemas.avro.ControlOrder;
import dev.signalbox.schemas.avro.DeploymentHealth;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Shows the fleet's deployments, and orders for a while what no configuration should say. */
@Command(name = "deployments", description = "Shows deployments as the fleet sees them; takes one out of use for a while, or gives it back.")
final class DeploymentsCommand implements Runnable {
    /** An order must end before its record is deleted. */
    private static final Duration LONGEST = Duration.ofDays(6);

    @ParentCommand
    private Shell shell = Shell.NONE;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        if (spec != null) {
            throw new ParameterException(spec.commandLine(), "deployments: list, history, eject, drain or restore?");
        }
    }

    @Command(name = "list", description = "Each deployment with the fleet's view and what an operator ordered.")
    int list(@Mixin InstallationOptions with,
            @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.") Rows.Form form)
            throws InterruptedException {
        Configuration configuration = with.inForce(shell.terminal());
        FleetState fleet = FleetState.read(with.reachable());
        Rows rows = new Rows("deployment", "state", "for_seconds", "told_seconds_ago", "error_rate", "order",
                "order_left_seconds", "who", "why");
        for (DeploymentName name : names(configuration, fleet)) {
            Optional<DeploymentHealth> health = Optional.ofNullable(fleet.health().get(name.toString()));
            Optional<Given> order = fleet.inForce(name);
            rows.add(name, health.map(told -> told.getState().name()).orElse("-"),
                    health.map(told -> seconds(fleet.nowMillis() - told.getSinceMillis())).orElse("-"),
                    health.map(told -> seconds(fleet.nowMillis() - told.getAsOfMillis())).orElse("-"),
                    health.map(DeploymentHealth::getErrorRate).map(rate -> String.format(Locale.ROOT, "%.3f", rate))
                            .orElse("-"),
                    order.map(given -> given.order().getAction().name()).orElse("-"),
                    order.map(given -> seconds(given.untilMillis() - fleet.nowMillis())).orElse("-"),
                    order.map(given -> given.order().getWho()).orElse("-"),
                    order.map(given -> given.order().getWhy())
                            .or(() -> health.map(DeploymentHealth::getReason)).orElse("-"));
        }
        rows.print(form, shell.terminal().out());
        return ExitCode.OK.number();
    }

    @Command(name = "history", description = "What operators ordered in the last 7 days, the oldest first.")
    int history(@Mixin InstallationOptions with,
            @Parameters(arity = "0..1", paramLabel = "NAME", description = "Only of that deployment.") @Nullable String name,
            @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.") Rows.Form form)
            throws InterruptedException {
        FleetState fleet = FleetState.read(with.reachable());
        if (name != null) {
            known(name, with.inForce(shell.terminal()), fleet);
        }
        Rows rows = new Rows("at", "deployment", "action", "until", "who", "why");
        fleet.orders().stream().filter(given -> name == null || given.order().getDeployment().equals(name))
                .forEach(given -> rows.add(Instant.ofEpochMilli(given.atMillis()), given.order().getDeployment(),
                        given.order().getAction(),
                        given.order().getAction() == ControlAction.RESTORE
                                ? "-"
                                : Instant.ofEpochMilli(given.untilMillis()).toString(),
                        given.order().getWho(), given.order().getWhy()));
        rows.print(form, shell.terminal().out());
        return ExitCode.OK.number();
    }

    @Command(name = "eject", description = "No worker calls it any more, whatever happens; requests that nothing else can serve wait.", footer = {
            "", "Exit codes: 0 ordered, 2 bad input, 3 only a preview: a route would be left without deployments."})
    int eject(@Mixin InstallationOptions with,
            @Parameters(paramLabel = "NAME", description = "Such as openai.direct/gpt-4.1.") String name,
            @Option(names = "--for", required = true, paramLabel = "DURATION", description = "When it ends by itself; at most 6d.") Duration duration,
            @Mixin Reason reason,
            @Option(names = "--execute", description = "Also if it is the last deployment of a route.") boolean execute)
            throws InterruptedException {
        Configuration configuration = with.inForce(shell.terminal());
        Clients clients = with.reachable();
        FleetState fleet = FleetState.read(clients);
        DeploymentName deployment = known(name, configuration, fleet);
        List<String> left = leftWithNothing(configuration, fleet, deployment);
        if (!left.isEmpty()) {
            shell.terminal().say("warning: nothing else serves " + String.join(", ", left)
                    + ": their requests would wait until the order ends");
            if (!execute) {
                shell.terminal().say("nothing was ordered; to order it all the same, add --execute");
                return ExitCode.SOME_FAILED.number();
            }
        }
        return order(clients, deployment, ControlAction.EJECT, duration, reason);
    }

    private static List<String> leftWithNothing(Configuration configuration, FleetState fleet,
            DeploymentName deployment) {
        Set<DeploymentName> out = new HashSet<>();
        out.add(deployment);
        configuration.deployments().keySet().stream()
                .filter(other -> fleet.inForce(other)
                        .filter(given -> given.order().getAction() == ControlAction.EJECT).isPresent())
                .forEach(out::add);
        Set<DeploymentName> others = new HashSet<>(out);
        others.remove(deployment);
        List<String> already = RoutesLeft.withNothingBut(configuration, others);
        return RoutesLeft.withNothingBut(configuration, out).stream().filter(route -> !already.contains(route))
                .toList();
    }

    @Command(name = "drain", description = "Workers call it only while nothing else can serve.")
    int drain(@Mixin InstallationOptions with,
            @Parameters(paramLabel = "NAME", description = "Such as openai.direct/gpt-4.1.") String name,
            @Option(names = "--for", required = true, paramLabel = "DURATION", description = "When it ends by itself; at most 6d.") Duration duration,
            @Mixin Reason reason) throws InterruptedException {
        Configuration configuration = with.inForce(shell.terminal());
        Clients clients = with.reachable();
        DeploymentName deployment = known(name, configuration, FleetState.read(clients));
        return order(clients, deployment, ControlAction.DRAIN, duration, reason);
    }

    @Command(name = "restore", description = "Ends what was ordered; what workers see of its health still counts.")
    int restore(@Mixin InstallationOptions with,
            @Parameters(paramLabel = "NAME", description = "Such as openai.direct/gpt-4.1.") String name,
            @Mixin Reason reason) throws InterruptedException {
        Clients clients = with.reachable();
        FleetState fleet = FleetState.read(clients);
        DeploymentName deployment = known(name, with.inForce(shell.terminal()), fleet);
        if (fleet.inForce(deployment).isEmpty()) {
            shell.terminal().say(deployment + " is under no order; its health: "
                    + Optional.ofNullable(fleet.health().get(name))
                            .map(told -> told.getState() + ", " + told.getReason()).orElse("no call seen"));
        }
        return order(clients, deployment, ControlAction.RESTORE, Duration.ZERO, reason);
    }

    private int order(Clients clients, DeploymentName deployment, ControlAction action, Duration duration,
            Reason reason) {
        if (duration.compareTo(LONGEST) > 0) {
            throw new CommandFailure(ExitCode.USAGE, "--for " + duration.toHours()
                    + "h is longer than an order can be (6d); for good, take it out of the configuration");
        }
        long at = OperatorRecords.write(clients, Topics.CONTROL, ControlKey.of(deployment),
                ControlOrder.newBuilder().setDeployment(deployment.toString()).setAction(action)
                        .setDurationMillis(duration.toMillis()).setWho(reason.who()).setWhy(reason.why()).build());
        shell.terminal().out().println(switch (action) {
            case EJECT, DRAIN -> deployment + (action == ControlAction.EJECT ? " ejected" : " draining") + " until "
                    + Instant.ofEpochMilli(at + duration.toMillis());
            case RESTORE -> deployment + " restored";
            case MOVE, LIMIT, CONFIGURE -> throw new IllegalArgumentException(action + " is not about a deployment");
        } + " by " + reason.who() + ": " + reason.why());
        return ExitCode.OK.number();
    }

    private static String seconds(long millis) {
        return Long.toString(Math.max(0, millis) / 1_000);
    }

    private static Set<DeploymentName> names(Configuration configuration, FleetState fleet) {
        Set<DeploymentName> names = new TreeSet<>(configuration.deployments().keySet());
        fleet.health().keySet().stream().filter(name -> name.indexOf('/') > 0).map(DeploymentName::parse)
                .forEach(names::add);
        return names;
    }

    private static DeploymentName known(String name, Configuration configuration, FleetState fleet) {
        Set<DeploymentName> names = names(configuration, fleet);
        return names.stream().filter(each -> each.toString().equals(name)).findFirst()
                .orElseThrow(() -> new CommandFailure(ExitCode.USAGE, "no deployment is called \"" + name + "\""
                        + DidYouMean.hint(name, names.stream().map(Object::toString).toList())));
    }
}
