package dev.signalbox.config.admin;

import dev.signalbox.config.Secret;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Where a process shows itself to operators, and what they have to bring.
 *
 * @param address port 0 for a free one; a loopback one, unless there is a token
 * @param token everything but {@code /livez} and {@code /readyz} is shown only to who brings it
 */
public record AdminListener(InetSocketAddress address, Optional<Secret> token) {
    /** What cannot be guessed: 16 characters of base64 are 96 bits. */
    private static final int SHORTEST_TOKEN = 16;

    /**
     * @throws InvalidListenerException if the host is unknown, if other machines could look in without a token, or if the
     *         token is too short
     */
    public AdminListener {
        if (address.isUnresolved()) {
            throw new InvalidListenerException("the host \"" + address.getHostString() + "\" is not known here");
        }
        if (token.isEmpty() && !address.getAddress().isLoopbackAddress()) {
            throw new InvalidListenerException("\"" + address.getHostString()
                    + "\" is not an address of this machine alone, so a token is needed: name it by reference, "
                    + "${env:NAME} or ${file:/path}; or stay at 127.0.0.1");
        }
        if (token.isPresent() && !isToken(token.get().value())) {
            throw new InvalidListenerException("the token of " + token.get().reference() + " has to be at least "
                    + SHORTEST_TOKEN
                    + " letters, digits and signs without a space (openssl rand -base64 24 makes one)");
        }
    }

    private static boolean isToken(String value) {
        return value.length() >= SHORTEST_TOKEN && value.chars().allMatch(c -> c > ' ' && c < 0x7F);
    }

    /** A free port of the loopback address. */
    public static AdminListener loopback() {
        return new AdminListener(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), Optional.empty());
    }

    /**
     * With a token by reference.
     *
     * @param tokenReference {@code ${env:NAME}} or {@code ${file:path}} and nothing else
     * @param environment value of an environment variable
     * @param folder what a relative path is relative to
     * @throws InvalidListenerException as the constructor; also if the reference has no value
     */
    public static AdminListener of(InetSocketAddress address, String tokenReference,
            Function<String, Optional<String>> environment, Path folder) {
        List<String> complaints = new ArrayList<>();
        Optional<Secret> token = Secret.resolve(tokenReference, environment, folder, complaints::add);
        if (token.isEmpty()) {
            throw new InvalidListenerException("the token is not there: " + String.join("; ", complaints));
        }
        return new AdminListener(address, token);
    }
}
