/** What a person should know: raised and resolved without flutter, and delivered. */
@NullMarked
package dev.signalbox.dispatcher.alerts;

import org.jspecify.annotations.NullMarked;
