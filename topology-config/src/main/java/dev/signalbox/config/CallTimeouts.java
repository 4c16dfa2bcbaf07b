package dev.signalbox.config;

import java.time.Duration;

/**
 * The five limits of a vendor call. Time starts with the call; the total never passes the request's time to live.
 *
 * @param connect to an open, secured connection
 * @param firstByte to the response's status line
 * @param firstToken to the first token of a stream
 * @param tokenGap between two tokens of a stream; comments and pings do not count as tokens
 * @param total to the end of the answer
 */
public record CallTimeouts(Duration connect, Duration firstByte, Duration firstToken, Duration tokenGap,
        Duration total) {
    public static final CallTimeouts DEFAULT = new CallTimeouts(Duration.ofSeconds(5), Duration.ofSeconds(60),
            Duration.ofSeconds(30), Duration.ofSeconds(15), Duration.ofMinutes(10));
}
