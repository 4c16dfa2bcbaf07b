package dev.signalbox.workers.scheduler;

import dev.signalbox.schemas.Priority;
import java.time.Duration;

/**
 * Why a request was not served though nothing was wrong with it.
 *
 * @param priority its own, which the pool sheds
 * @param part of what arrives that cannot be served within the target, the lowest priorities first; 0 to 1
 * @param estimated after which time one like it would be served as things stand
 */
public record ShedReceipt(Priority priority, double part, Duration estimated) {
}
