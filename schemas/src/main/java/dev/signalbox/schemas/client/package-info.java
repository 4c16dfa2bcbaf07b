/** What callers embed: {@link RequestProducer} sends requests, {@link ReplyReader} follows their tokens and replies. */
@NullMarked
package dev.signalbox.schemas.client;

import org.jspecify.annotations.NullMarked;
