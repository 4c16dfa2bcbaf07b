package dev.signalbox.system.processes;

import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.dispatcher.Dispatcher;
import dev.signalbox.dispatcher.DispatcherOptions;
import java.nio.file.Path;
import java.util.Map;

/**
 * A dispatcher, closed in good order on SIGTERM or when its input closes. Arguments: bootstrap servers, registry's URL, configuration, state folder.
 * Prints READY and the port of its view.
 */
public final class DispatcherMain {
    private DispatcherMain() {
    }

    public static void main(String[] args) throws Exception {
        if (!(ConfigurationReader.read(Path.of(args[2])) instanceof ReadResult.Valid valid)) {
            throw new IllegalArgumentException("the configuration is wrong: " + args[2]);
        }
        Dispatcher dispatcher = Dispatcher.start(DispatcherOptions.of(valid.configuration(),
                Map.of("bootstrap.servers", args[0]), Map.of("schema.registry.url", args[1]), Path.of(args[3])));
        Runtime.getRuntime().addShutdownHook(new Thread(dispatcher::close));
        System.out.println("READY " + dispatcher.adminPort());
        while (System.in.read() >= 0) {
            // Nothing is ever written to it.
        }
        System.exit(0);
    }
}
