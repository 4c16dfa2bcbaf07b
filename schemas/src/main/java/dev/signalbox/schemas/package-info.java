/**
 * What crosses Kafka: topic and header names, priorities, the Avro records of {@code dev.signalbox.schemas.avro}, their
 * serde ({@code .serde}) and the client that callers embed ({@code .client}).
 */
@NullMarked
package dev.signalbox.schemas;

import org.jspecify.annotations.NullMarked;
