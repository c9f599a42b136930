// Package material makes what servers are given to work with: files to serve, a certificate, and the data that the
// HttpArena board mounts. All of it is the same in every run.
package material
