/** The control plane: Kafka Streams applications over what workers learn. */
@NullMarked
package dev.signalbox.dispatcher;

import org.jspecify.annotations.NullMarked;
