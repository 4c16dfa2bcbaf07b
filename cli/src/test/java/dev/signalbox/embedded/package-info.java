@org.jspecify.annotations.NullMarked
package dev.signalbox.embedded;
