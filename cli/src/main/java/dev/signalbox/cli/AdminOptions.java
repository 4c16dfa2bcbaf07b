package dev.signalbox.cli;

import dev.signalbox.config.admin.AdminListener;
import dev.signalbox.config.admin.InvalidListenerException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a process of a fleet shows its health, metrics and pages, and who may see them. */
public final class AdminOptions {
    static final String TOKEN_VARIABLE = "SIGNALBOX_ADMIN_TOKEN";

    @Option(names = "--admin-host", defaultValue = "${env:SIGNALBOX_ADMIN_HOST:-127.0.0.1}", description = "Address of /livez, /readyz, /metrics and pages; default ${DEFAULT-VALUE}. Another than a loopback one needs a token.")
    private String host = "127.0.0.1";

    @Option(names = "--admin-port", defaultValue = "${env:SIGNALBOX_ADMIN_PORT:-8080}", description = "Its port; 0 for a free one. Default ${DEFAULT-VALUE}.")
    private int port;

    @Option(names = "--admin-token", paramLabel = "REFERENCE", description = "Token that all but /livez and /readyz ask for, as $${env:NAME} or $${file:/path}; by default what "
            + TOKEN_VARIABLE + " holds, if it is set.")
    private @Nullable String token;

    /** @throws CommandFailure if the address needs a token, or its reference has none */
    AdminListener listener() {
        try {
            if (port < 0 || port > 0xFFFF) {
                throw new CommandFailure(ExitCode.USAGE, "--admin-port: " + port + " is no port; 0 takes a free one");
            }
            InetSocketAddress address = new InetSocketAddress(host, port);
            String reference = token == null && System.getenv(TOKEN_VARIABLE) != null
                    ? "${env:" + TOKEN_VARIABLE + "}"
                    : token;
            return reference == null
                    ? new AdminListener(address, Optional.empty())
                    : AdminListener.of(address, reference, name -> Optional.ofNullable(System.getenv(name)),
                            Path.of(""));
        } catch (InvalidListenerException e) {
            throw new CommandFailure(ExitCode.USAGE,
                    (token == null ? "--admin-host: " : "--admin-host, --admin-token: ")
                            + e.getMessage() + (token == null ? " (--admin-token)" : ""),
                    e);
        }
    }

    String host() {
        return host;
    }
}
