package dev.signalbox.cli.usage;

import java.io.Closeable;

/** Writes usage records one by one, in a format that streams; for one thread. What is written is whole once it is closed. */
interface UsageWriter extends UsageLog.Sink, Closeable {
}
