/** What each route has left now: configuration, health and demand together, judged by one task for the whole fleet. */
@NullMarked
package dev.signalbox.dispatcher.redundancy;

import org.jspecify.annotations.NullMarked;
