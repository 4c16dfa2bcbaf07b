package dev.signalbox.embedded;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * A broker and a schema registry in this process, with all their data in one locked folder:
 * {@code lock}, {@code broker/}.
 */
public final class EmbeddedStack implements AutoCloseable {
    private final FolderLock lock;
    private final EmbeddedBroker broker;
    private final EmbeddedRegistry registry;

    private EmbeddedStack(FolderLock lock, EmbeddedBroker broker, EmbeddedRegistry registry) {
        this.lock = lock;
        this.broker = broker;
        this.registry = registry;
    }

    /**
     * Starts both on the data in {@code folder}, which is made when missing; returns when both answer.
     *
     * @throws FolderLockedException when another stack holds the folder
     * @throws PortInUseException when a given port is taken
     * @throws EmbeddedStartException when it cannot start for another reason; the message says which
     */
    public static EmbeddedStack start(Path folder, EmbeddedOptions options) throws EmbeddedStartException {
        Path home = folder.toAbsolutePath().normalize();
        FolderLock lock = FolderLock.take(home);
        EmbeddedBroker broker = null;
        try {
            broker = EmbeddedBroker.start(home.resolve("broker"), options.broker());
            EmbeddedRegistry registry = EmbeddedRegistry.start(options.registryPort(), options.compatibility(),
                    Map.of("bootstrap.servers", broker.bootstrapServers()));
            return new EmbeddedStack(lock, broker, registry);
        } catch (EmbeddedStartException | RuntimeException e) {
            if (broker != null) {
                broker.close();
            }
            release(lock);
            throw e;
        }
    }

    /** {@code host:port} of the broker's plain listener. */
    public String bootstrapServers() {
        return broker.bootstrapServers();
    }

    /** Base URL of the registry, without a slash at its end. */
    public String registryUrl() {
        return registry.url();
    }

    public EmbeddedBroker broker() {
        return broker;
    }

    /** Stops registry and broker and gives the folder free; the data stays. */
    @Override
    public void close() {
        registry.close();
        broker.close();
        release(lock);
    }

    private static void release(FolderLock lock) {
        try {
            lock.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
