/** Traces and GenAI metrics of requests and vendor calls, by OpenTelemetry's SDK; nothing of it runs unless it is turned on. */
@NullMarked
package dev.signalbox.workers.telemetry;

import org.jspecify.annotations.NullMarked;
