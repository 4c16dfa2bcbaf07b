/** What waits in Kafka for each pool and priority, as figures to act on. */
@NullMarked
package dev.signalbox.config.backlog;

import org.jspecify.annotations.NullMarked;
