# What is done to Swift's LLVM code before clang compiles it for another processor.
#
# Texts of messages: no longer marked as equal to others of the same letters, each gets a section of
# its own, and an image has those that it can show. Swift alone writes them all into one section.
s/ = private unnamed_addr constant / = private constant /
# `self` gets no register of its own: LLVM 21 for Thumb may load by that register with write-back
# (ldm r10!) in a function that must preserve it, and the caller goes on with another address.
s/ swiftself / /g
# Only what C calls stays visible, so that clang may change or drop all else.
s/^define (linkonce_odr )?(protected |hidden )?swiftcc/define internal swiftcc/
/@swiftcl_/!s/^define (linkonce_odr )?(protected|hidden) /define internal /
s/^(@.*) = (linkonce_odr )?(protected|hidden) (global|constant|unnamed_addr constant|local_unnamed_addr global)/\1 = internal \4/
