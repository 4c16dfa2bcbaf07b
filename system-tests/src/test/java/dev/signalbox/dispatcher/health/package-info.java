/** What a simulation needs of the dispatcher's package-private models. */
@NullMarked
package dev.signalbox.dispatcher.health;

import org.jspecify.annotations.NullMarked;
