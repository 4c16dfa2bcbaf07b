package dev.signalbox.cli;

import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorConfig;
import dev.signalbox.simulator.SimulatorOptions;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** Runs simulated vendors by themselves. */
@Command(name = "simulator", description = "Runs simulated vendors over HTTP until Ctrl-C.")
final class SimulatorCommand implements Callable<Integer> {
    @ParentCommand
    private Shell shell = Shell.NONE;

    @Option(names = "--port", defaultValue = "${env:SIGNALBOX_SIMULATOR_PORT:-4010}", description = "Port; 0 for a free one. Default ${DEFAULT-VALUE}.")
    private int port;

    @Option(names = "--host", defaultValue = "127.0.0.1", description = "Address to listen on; default ${DEFAULT-VALUE}.")
    private String host = "127.0.0.1";

    @Option(names = "--vendors", paramLabel = "FILE", description = "Vendors and faults as YAML; by default one well-behaved OpenAI vendor.")
    private @Nullable Path vendors;

    @Override
    public Integer call() throws InterruptedException {
        try (Simulator simulator = Simulator.start(options().withHost(host).withPort(port))) {
            shell.terminal().out().println("simulated vendors at " + simulator.baseUrl());
            shell.terminal().out().flush();
            CountDownLatch stopped = new CountDownLatch(1);
            shell.onInterrupt(count -> stopped.countDown());
            stopped.await();
            return ExitCode.OK.number();
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.USAGE, "port " + port + " of " + host + " cannot be used ("
                    + e.getMessage() + "); choose another with --port, 0 for a free one", e);
        }
    }

    private SimulatorOptions options() {
        if (vendors == null) {
            return SimulatorOptions.realistic();
        }
        try {
            return SimulatorConfig.read(vendors);
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.USAGE, String.valueOf(e.getMessage()), e);
        } catch (NoSuchFileException e) {
            throw new CommandFailure(ExitCode.USAGE, vendors + ": no such file", e);
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.USAGE, vendors + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }
}
